"""This module builds the system drive of a Windows host, for the services that show files of it."""

from decnet_actors.machine.node import Node, directory, file
from decnet_actors.machine.tree.builder import Builder


class WindowsLayout(Builder):
    """Builds drive C; paths are written with ``/`` and without the drive's letter."""

    def root(self) -> Node:
        """Return the root directory."""
        installed, booted = self.persona.installed_at, self.persona.booted_at
        root = directory(0o755, installed)
        root.inode = 5  # of an NTFS root
        users = directory(0o755, installed)
        users.children = {"Public": directory(0o755, installed), "Default": directory(0o755, installed)}
        for account in self.persona.accounts:
            if account.uid == _ADMINISTRATOR or account.uid > _FIRST_MADE:
                home = directory(0o700, self.some_time(account.name))
                home.children = self.folders("Desktop Documents Downloads Pictures")
                users.children[account.name] = home
        windows = directory(0o755, self.updated)
        windows.children = self.folders("Fonts Logs System32 SysWOW64 Temp WinSxS")
        size = self.persona.memory_kib * 1024 // 8
        root.children = {
            **self.folders("PerfLogs ProgramData"),
            "Program Files": directory(0o755, self.updated),
            "Program Files (x86)": directory(0o755, self.updated),
            "Users": users,
            "Windows": windows,
            "pagefile.sys": file(bytes, 0o600, booted, size=size),
        }
        self.number_all(root.children, "/")
        return root


_ADMINISTRATOR = 500  # the relative identifiers of Windows
_FIRST_MADE = 1000
