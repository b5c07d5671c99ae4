// Addresses: the path says which page, the query is the page's state, so that a link reproduces a view.
const watchers = new Set();

export function onRoute(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function changed() {
  for (const watcher of watchers) watcher();
}

export function query() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

/** The href of a page with some state; empty values are left out. */
export function href(path, state = {}) {
  const kept = Object.entries(state).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

export function go(url, { replace = false } = {}) {
  if (replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  changed();
}

/** Changes some of the present page's state. */
export function setQuery(state, { replace = true } = {}) {
  go(href(location.pathname, { ...query(), ...state }), { replace });
}

export function start() {
  addEventListener('popstate', changed);
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api/') || link.pathname.startsWith('/help/')) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    go(link.href);
  });
}

/** Matches '/sessions/{id}' against a path; returns the parameters or null. */
export function match(pattern, path) {
  const wanted = pattern.split('/');
  const got = path.split('/');
  if (wanted.length !== got.length) return null;
  const found = {};
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith('{')) found[part.slice(1, -1)] = decodeURIComponent(got[index]);
    else if (part !== got[index]) return null;
  }
  return found;
}
