// What peers wrote, made safe to look at: text nodes only, controls and bidi overrides visible, long values cut.
import { LitElement, html } from '../vendor/lit/index.js';

export const MAX_SHOWN = 200; // characters before an expander

// C0 and C1 controls, soft hyphen, zero-width, bidi and other format characters, separators, lone surrogates, private use
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ue000-\uf8ff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\u{e0000}-\u{e0fff}]/gu;

/** Bytes arrive as {text, base64}; text is escaped already. */
export function textOf(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return 'text' in value ? String(value.text) : JSON.stringify(value);
  return String(value);
}

// Names rather than the control pictures of Unicode, which many fonts lack.
const C0 = 'NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(' ');

function visible(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return C0[code];
  if (code === 0x7f) return 'DEL';
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

function pieces(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(UNSAFE)) {
    if (found.index > from) parts.push(text.slice(from, found.index));
    parts.push(html`<span class="esc">${visible(found[0])}</span>`);
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** A peer's text, isolated from the direction of what stands around it. */
export function peer(value, limit = MAX_SHOWN) {
  const text = textOf(value);
  if (!text) return html`<span class="muted">(empty)</span>`;
  if (text.length <= limit) return html`<bdi class="peer">${pieces(text)}</bdi>`;
  return html`<dn-peer .text=${text} .limit=${limit}></dn-peer>`;
}

/** Several lines of ours around a peer's values, such as a record as JSON; line ends are kept. */
export function block(text) {
  return text.split('\n').map((line, index) => [index ? '\n' : '', ...pieces(line)]);
}

class LongText extends LitElement {
  static properties = { text: {}, limit: { type: Number }, open: { state: true } };

  createRenderRoot() {
    return this;
  }

  render() {
    const text = this.open ? this.text.slice(0, 20000) : this.text.slice(0, this.limit);
    const label = this.open ? 'less' : `+${this.text.length - this.limit} characters`;
    return html`<bdi class="peer">${pieces(text)}</bdi>
      <button class="more" type="button" aria-expanded=${this.open ? 'true' : 'false'} @click=${this.toggle}>${label}</button>`;
  }

  toggle(event) {
    event.stopPropagation();
    this.open = !this.open;
  }
}
customElements.define('dn-peer', LongText);

/** 203[.]0[.]113[.]7, hxxp://… : safe to paste into a chat. */
export function defanged(text) {
  return text.replaceAll('.', '[.]').replace(/^http/i, 'hxxp');
}

export function number(value) {
  return value === null || value === undefined ? '–' : new Intl.NumberFormat('en-GB').format(value);
}

export function bytes(value) {
  if (value === null || value === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit && size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

export function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}
