"""This module makes the site: an internal application's login page, different per installation."""

import html
import random
from urllib.parse import quote

from attrs import frozen

from decnet_actors.domain.persona import Persona
from plugins.decoy.http import HttpConfig

_SUBJECTS = ("Asset", "Backup", "Billing", "Change", "Device", "Inventory", "Maintenance", "Network", "Order",
             "Procurement", "Reporting", "Shift", "Supplier", "Ticket", "Warehouse")  # fmt: skip
_KINDS = ("Console", "Desk", "Portal", "Manager", "Center", "Workspace", "Board")
_ACCENTS = ("#1f5fa8", "#2a7d4f", "#7a3e9d", "#b4532a", "#0f766e", "#8a1c3b", "#35507a")
_FAILED = ("Invalid username or password.", "The user name or password is incorrect.", "Sign-in failed. Try again.",
           "Login incorrect.")  # fmt: skip
_DOWN = (
    "The database is being upgraded. Read and write access will be available again shortly.",
    "Scheduled maintenance is in progress. Your session stays open; try again in a few minutes.",
    "No modules are assigned to this account yet. Contact your administrator.",
    "Data synchronisation is running. Menus are available once it has finished.",
    "This node is read-only while the primary is being moved.",
)
_IDS = (
    ("u", "p"),
    ("user", "pass"),
    ("login-name", "login-secret"),
    ("f1", "f2"),
    ("uid", "pwd"),
    ("name", "password"),
)
_LABELS = (("User name", "Password", "Sign in"), ("Username", "Password", "Log in"), ("Login", "Password", "Login"),
           ("User", "Passphrase", "Continue"), ("Account", "Password", "Sign in"))  # fmt: skip
_FOOTERS = (
    "{organisation} &middot; {title} {version}",
    "{title} v{version}",
    "&copy; {organisation}",
    "{title} {version} | {organisation}",
)
_FONTS = ('"Segoe UI", Roboto, Arial, sans-serif', "Arial, Helvetica, sans-serif", 'Verdana, "DejaVu Sans", sans-serif')


@frozen(kw_only=True)
class Site:
    """The pages; every choice follows from the persona's seed, so a restart shows the same site."""

    title: str
    login_page: bytes
    failed_page: bytes
    welcome_page: bytes
    cookie: str
    realm: str
    made_at: float  # Unix seconds: when the static pages were last modified


def make_site(config: HttpConfig, persona: Persona, rng: random.Random) -> Site:
    """Return the site of one decky."""
    title = config.title or f"{rng.choice(_SUBJECTS)} {rng.choice(_KINDS)}"
    organisation = persona.organisation or persona.domain or persona.hostname
    accent, font, version = rng.choice(_ACCENTS), rng.choice(_FONTS), f"{rng.randint(2, 7)}.{rng.randint(0, 14)}"
    failed, down = rng.choice(_FAILED), rng.choice(_DOWN)
    (user_id, secret_id), (user_label, secret_label, button) = rng.choice(_IDS), rng.choice(_LABELS)
    width, container = rng.randint(20, 27), rng.choice(("main", "section", "div", "article"))
    footer = rng.choice(_FOOTERS).format(
        organisation=html.escape(organisation), title=html.escape(title), version=version
    )
    cookie = f"{title.split()[0].lower()}_{rng.choice(('sid', 'session', 'sess', 'auth'))}"
    style = (
        f"body{{font-family:{font};background:#eef1f4;margin:0}}{container}{{width:{width}em;margin:9vh auto;"
        f"background:#fff;padding:2em;border-top:4px solid {accent};box-shadow:0 1px 4px #0003}}"
        "h1{font-size:1.25em;margin:0 0 1em}label{display:block;margin:.8em 0 .2em}"
        "input{width:100%;box-sizing:border-box;padding:.5em}"
        f"button{{margin-top:1.2em;width:100%;padding:.6em;border:0;color:#fff;background:{accent}}}"
        "p.e{color:#a11;margin:0 0 .5em}footer{font-size:.75em;color:#667;margin-top:1.5em}"
    )

    def page(inner: str) -> bytes:
        return (
            f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<{container}>\n{inner}\n"
            f"<footer>{footer}</footer>\n</{container}>\n</body>\n</html>\n"
        ).encode()

    def form(error: str) -> bytes:
        user, secret = html.escape(config.user_field), html.escape(config.password_field)
        return page(
            f"<h1>{html.escape(title)}</h1>\n{error}"
            f'<form method="post" action="{quote(config.login_path)}">\n'
            f'<label for="{user_id}">{user_label}</label>'
            f'<input id="{user_id}" name="{user}" autocomplete="username" autofocus>\n'
            f'<label for="{secret_id}">{secret_label}</label><input id="{secret_id}" name="{secret}" type="password" '
            f'autocomplete="current-password">\n<button type="submit">{button}</button>\n</form>'
        )

    return Site(
        title=title,
        login_page=form(""),
        failed_page=form(f'<p class="e">{html.escape(failed)}</p>\n'),
        welcome_page=page(f"<h1>{html.escape(title)}</h1>\n<p>{down}</p>"),
        cookie=cookie,
        realm=f"{title} administration",
        made_at=float(int(persona.installed_at + rng.uniform(3_600, 86_400 * 20))),
    )
