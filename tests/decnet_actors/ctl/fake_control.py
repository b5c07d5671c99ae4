"""A control socket that answers with canned frames: a thread with a ROUTER, as far from the real server as can be."""

import threading

import msgpack  # type: ignore[import-untyped]  # no stubs published
import zmq


class FakeControl:
    """Answers each request by its name with the frames given for it: ``(kind, body)``.

    Args:
        path: of the socket.
        answers: name -> frames; a name that is not there gets no answer.

    """

    def __init__(self, path, answers):
        self.heard = []
        self._answers = answers
        self._context = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        self._router.bind(f"ipc://{path}")
        self._stop = self._context.socket(zmq.PAIR)
        self._stop.bind("inproc://stop")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        stop = self._context.socket(zmq.PAIR)
        stop.connect("inproc://stop")
        poller = zmq.Poller()
        poller.register(self._router, zmq.POLLIN)
        poller.register(stop, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if stop in ready:
                break
            peer, head, body = self._router.recv_multipart()
            kind, request, name, *_ = msgpack.unpackb(head)
            self.heard.append((kind, name, msgpack.unpackb(body)))
            if kind == "REQ":
                for answer, content in self._answers.get(name, ()):
                    self._router.send_multipart([peer, msgpack.packb([answer, request]), msgpack.packb(content)])
        stop.close()

    def close(self):
        """End the thread and remove the socket; once is enough."""
        if self._stop.closed:
            return
        self._stop.send(b"")
        self._thread.join()
        self._context.destroy(0)
