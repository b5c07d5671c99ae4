import asyncio

from supervisors.actor import LoopActor
from supervisors.periodic import Periodic
from supervisors.testing import launch, run_virtual, settle


class Beating(LoopActor):
    def __init__(self, seconds, jitter=0.0, slow=0.0):
        super().__init__()
        self.seconds, self.jitter, self.slow, self.at = seconds, jitter, slow, []

    async def on_start(self):
        self.beat = Periodic(self, self.seconds, "beat", jitter=self.jitter, at_once=True)

    async def handle(self, message):
        self.at.append(asyncio.get_running_loop().time() - 1000)
        await asyncio.sleep(self.slow)


def test_beats_at_once_and_then_every_so_often_until_cancelled():
    async def main():
        actor = Beating(10)
        ref = launch(actor)
        await asyncio.sleep(35)

        assert [0, 10, 20, 30] == actor.at
        actor.beat.cancel()
        await asyncio.sleep(100)
        assert 4 == len(actor.at)
        await ref.stop()

    run_virtual(main())


def test_jitter_spreads_beats_and_is_the_same_for_the_same_path():
    async def main():
        seen = []
        for path in ("a", "a", "b"):
            actor = Beating(10, jitter=0.2)
            ref = launch(actor, path)
            await asyncio.sleep(100)
            seen.append([round(at - actor.at[0], 6) for at in actor.at])
            await ref.stop()
        gaps = [later - earlier for earlier, later in zip(seen[0], seen[0][1:], strict=False)]

        assert seen[0][:8] == seen[1][:8]
        assert seen[0][:8] != seen[2][:8]
        assert all(8 <= gap <= 12.000001 for gap in gaps)

    run_virtual(main())


def test_slow_actor_gets_no_pile_of_beats():
    async def main():
        actor = Beating(1, slow=10)
        ref = launch(actor)
        await asyncio.sleep(35.5)

        assert 1 == len(actor.mailbox)
        assert actor.beat.skipped >= 25
        actor.kill()
        await settle()
        assert not ref.is_alive()

    run_virtual(main())
