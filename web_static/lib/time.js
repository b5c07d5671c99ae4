// Times are stored as Unix seconds UTC; people see them in the zone they chose, and the zone is always visible.
import { html } from '../vendor/lit/index.js';
import { get } from './prefs.js';

const formats = new Map();

export function zone() {
  const chosen = get('zone');
  return chosen === 'browser' ? Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC' : chosen;
}

function format(name, options, timeZone = zone()) {
  const key = `${name} ${timeZone}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat('en-GB', { ...options, timeZone }));
  return formats.get(key);
}

const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
const DAY = { day: '2-digit', month: 'short' };

export const iso = (seconds) => new Date(seconds * 1000).toISOString();
export const clock = (seconds) => format('clock', CLOCK).format(seconds * 1000);
export const day = (seconds) => format('day', DAY).format(seconds * 1000);
export const full = (seconds, timeZone) => format('full', { ...DAY, year: 'numeric', ...CLOCK }, timeZone).format(seconds * 1000);
export const now = () => Date.now() / 1000;

/** 'UTC', or 'Europe/Paris UTC+1'. */
export function zoneLabel() {
  const name = zone();
  if (name === 'UTC') return 'UTC';
  const parts = format('zone', { timeZoneName: 'shortOffset' }).formatToParts(Date.now());
  const offset = parts.find((part) => part.type === 'timeZoneName')?.value.replace('GMT', 'UTC') ?? '';
  return `${name.split('/').pop().replaceAll('_', ' ')} ${offset}`;
}

/** 42 s, 3 min, 5 h, 2 d. */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  const value = Math.max(0, seconds);
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 90) return `${Math.round(value)} s`;
  if (value < 5400) return `${Math.round(value / 60)} min`;
  if (value < 36 * 3600) return `${Math.round(value / 3600)} h`;
  return `${Math.round(value / 86400)} d`;
}

export const ago = (seconds) => (now() - seconds < 5 ? 'just now' : `${span(now() - seconds)} ago`);

/** A <time>: the clock, with the day when it is another one; hovering tells UTC and age. */
export function when(seconds, { style = 'auto' } = {}) {
  if (seconds === null || seconds === undefined) return html`<span class="muted">never</span>`;
  const today = day(seconds) === day(now());
  const text = style === 'full' ? full(seconds) : style === 'ago' ? ago(seconds) : today ? clock(seconds) : `${day(seconds)} ${clock(seconds)}`;
  return html`<time datetime=${iso(seconds)} title="${full(seconds, 'UTC')} UTC · ${ago(seconds)}">${text}</time>`;
}
