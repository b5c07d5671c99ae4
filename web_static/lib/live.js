// What a page uses of the live stream: subscribe to topics, and know whether the stream stands.
const WORKER = new URL('./live-worker.js', import.meta.url).href;
const policy = globalThis.trustedTypes?.createPolicy('decnet', {
  createScriptURL(url) {
    if (url !== WORKER) throw new TypeError('only the live worker may run');
    return url;
  },
});

const subscribers = new Map(); // handler -> topics
const stateWatchers = new Set();
let port = null;
let own = null; // the stream itself, where there are no shared workers
export const status = { state: 'idle', last: 0 };

function receive(message) {
  if (message.type === 'state') {
    status.state = message.state;
    status.last = message.last || status.last;
    for (const watcher of stateWatchers) watcher(status);
    return;
  }
  status.last = Date.now();
  let data; // read only when somebody wants it
  for (const [handler, topics] of subscribers) {
    if (handler.ignores || (message.topic !== null && !topics.includes(message.topic))) continue;
    data ??= JSON.parse(message.data);
    handler(message.event, data);
  }
}

function announce() {
  const topics = [...new Set([...subscribers.values()].flat())];
  if (port) port.postMessage({ topics });
  else own?.want(new Set(topics));
}

async function start() {
  if (port || own) return;
  if (typeof SharedWorker === 'function') {
    const worker = new SharedWorker(policy ? policy.createScriptURL(WORKER) : WORKER, { name: 'decnet-live' });
    port = worker.port;
    port.onmessage = ({ data }) => receive(data);
    addEventListener('pagehide', () => port.postMessage({ bye: true }));
    addEventListener('pageshow', (event) => event.persisted && announce());
    return;
  }
  own = { want() {} }; // until the import below is done
  await import('./live-worker.js');
  own = new globalThis.DecnetLiveStream((message) => receive(message));
  announce();
}

/** Calls handler(event, data) for every frame of the topics; returns how to stop. */
export function subscribe(topics, handler) {
  subscribers.set(handler, topics);
  start();
  announce();
  return () => {
    subscribers.delete(handler);
    announce();
  };
}

/** Keeps the stream open, so that its state is known on pages that show nothing live. */
export function hold() {
  const nothing = () => {};
  nothing.ignores = true;
  return subscribe(['events'], nothing);
}

export function onState(watcher) {
  stateWatchers.add(watcher);
  return () => stateWatchers.delete(watcher);
}
