// Preferences of this browser: appearance only, never anything secret.
const PREFIX = 'decnet.';
const DEFAULTS = { theme: 'system', zone: 'browser', density: 'comfortable', shortcuts: 'on', 'rail': 'open' };
const listeners = new Set();

export function get(name) {
  try {
    return localStorage.getItem(PREFIX + name) ?? DEFAULTS[name];
  } catch {
    return DEFAULTS[name];
  }
}

export function set(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // storage is blocked: the choice lasts as long as the page
  }
  apply();
  for (const listener of listeners) listener(name, value);
}

/** Calls back after a change; returns how to stop that. */
export function watch(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function apply() {
  const root = document.documentElement;
  const theme = get('theme');
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  root.dataset.density = get('density');
}
