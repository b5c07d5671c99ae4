// One live stream for all tabs of this browser. Runs as a shared worker, or inside a page where there are none.
// Server-sent events are read with fetch, so that the status of a refusal is seen and the place to resume is ours to say.
'use strict';

class LiveStream {
  constructor(tell) {
    this.tell = tell; // (message, topic) to every listener of the topic; topic null: to all
    this.topics = '';
    this.last = null;
    this.lastTime = 0;
    this.wait = 1000;
    this.timer = 0;
    this.abort = null;
    this.state = 'idle';
  }

  want(topics) {
    const wanted = [...topics].sort().join(',');
    if (wanted === this.topics && this.state !== 'refused') return;
    this.topics = wanted;
    this.abort?.abort();
    clearTimeout(this.timer);
    if (wanted) this.open();
    else this.become('idle');
  }

  become(state) {
    this.state = state;
    this.tell({ type: 'state', state, last: this.lastTime }, null);
  }

  async open() {
    const abort = (this.abort = new AbortController());
    const query = new URLSearchParams({ topics: this.topics });
    const headers = this.last === null ? {} : { 'Last-Event-ID': String(this.last) };
    try {
      const answer = await fetch(`/api/v1/stream?${query}`, { headers, signal: abort.signal, credentials: 'same-origin' });
      if (answer.status === 401) return this.become('refused');
      if (!answer.ok || !answer.body) throw new Error(String(answer.status));
      this.become('open');
      this.wait = 1000;
      await this.read(answer.body.pipeThrough(new TextDecoderStream()).getReader());
    } catch {
      // lost, refused for a while, or stopped by us
    }
    if (abort.signal.aborted) return;
    this.become('lost');
    this.timer = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(this.wait * 2, 30000);
  }

  async read(reader) {
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        this.frame(rest.slice(0, end));
        rest = rest.slice(end + 2);
      }
    }
  }

  frame(text) {
    const frame = {};
    for (const line of text.split('\n')) {
      const colon = line.indexOf(': ');
      if (colon > 0) frame[line.slice(0, colon)] = line.slice(colon + 2);
    }
    if (frame.id) this.last = Number(frame.id);
    if (!frame.event) return;
    this.lastTime = Date.now();
    const control = frame.event === 'hello' || frame.event === 'gap' || frame.event === 'reset';
    const topic = control ? null : frame.event === 'actors' ? 'actors' : 'events';
    this.tell({ type: 'frame', event: frame.event, data: frame.data, topic }, topic);
  }
}

if ('onconnect' in self) {
  const ports = new Map();
  const stream = new LiveStream((message, topic) => {
    for (const [port, topics] of ports) if (topic === null || topics.has(topic)) port.postMessage(message);
  });
  const refresh = () => stream.want(new Set([...ports.values()].flatMap((topics) => [...topics])));
  self.onconnect = (event) => {
    const port = event.ports[0];
    port.onmessage = ({ data }) => {
      if (data.topics) ports.set(port, new Set(data.topics));
      else ports.delete(port);
      refresh();
      if (data.topics) port.postMessage({ type: 'state', state: stream.state, last: stream.lastTime });
    };
  };
} else {
  self.DecnetLiveStream = LiveStream;
}
