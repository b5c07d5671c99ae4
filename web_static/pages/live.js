// Every event as it is committed, with filters, pause and the raw record.
import { html, nothing } from '../vendor/lit/index.js';
import { severity } from '../components/badge.js';
import { copyButton, drawer, json } from '../components/dialogs.js';
import { empty, failure, loading } from '../components/empty.js';
import { subject } from '../components/feed.js';
import { icon } from '../components/icons.js';
import { table } from '../components/table.js';
import { call } from '../lib/api.js';
import { KINDS, SHOWN_KINDS, level, sentence } from '../lib/facts.js';
import { chosen, filters } from '../lib/filters.js';
import { subscribe } from '../lib/live.js';
import { Page } from '../lib/page.js';
import { number } from '../lib/text.js';
import { when } from '../lib/time.js';

const MAX_ROWS = 500; // kept on the page; the rest is in the journal
const FIELDS = [
  { name: 'q', label: 'Text', placeholder: 'in the record' },
  { name: 'decky', label: 'Decoy' },
  { name: 'service', label: 'Service' },
  { name: 'source', label: 'Source', placeholder: '203.0.113.7' },
  { name: 'session', label: 'Session' },
  { name: 'kind', label: 'Kind', options: Object.entries(KINDS) },
];

class Live extends Page {
  static properties = { rows: { state: true }, next: { state: true }, paused: { state: true }, waiting: { state: true }, missed: { state: true } };

  get heading() {
    return 'Live events';
  }

  connectedCallback() {
    this.rows = [];
    this.waiting = [];
    this.paused = false;
    this.missed = 0;
    super.connectedCallback();
    this.until(subscribe(['events'], (event, data) => this.arrived(event, data)));
  }

  async fetch(signal) {
    const page = await call('event.list', { kind: SHOWN_KINDS, ...chosen(FIELDS, this.query), limit: 100 }, { signal });
    this.rows = page.items;
    this.waiting = [];
    this.next = page.next;
    return page;
  }

  arrived(event, data) {
    if (event === 'gap') this.missed += data.dropped;
    if (event === 'reset') this.reload({ quiet: true });
    if (!data.seq || !data.kind || !this.fits(data) || data.seq <= (this.rows[0]?.seq ?? 0)) return;
    if (this.paused || scrollY > 160) this.waiting = [data, ...this.waiting].slice(0, MAX_ROWS);
    else this.rows = [{ ...data, fresh: true }, ...this.waiting, ...this.rows].slice(0, MAX_ROWS);
  }

  fits(event) {
    const { q, kind, ...same } = chosen(FIELDS, this.query);
    if (kind && !kind.split(',').includes(event.kind)) return false;
    if (q && !JSON.stringify(event.fact).includes(q)) return false;
    return Object.entries(same).every(([name, value]) => event[name] === value);
  }

  catchUp() {
    this.paused = false;
    this.rows = [...this.waiting, ...this.rows].slice(0, MAX_ROWS);
    this.waiting = [];
    scrollTo(0, 0);
  }

  async older() {
    this.busy = true;
    try {
      const page = await call('event.list', { kind: SHOWN_KINDS, ...chosen(FIELDS, this.query), limit: 100, cursor: this.next });
      this.rows = [...this.rows, ...page.items];
      this.next = page.next;
    } catch (error) {
      this.problem = error;
    }
    this.busy = false;
  }

  render() {
    return html`
      <div class="page-head">
        <h1>Live events</h1>
        <div class="end">
          ${this.waiting.length ? html`<button class="button small primary" type="button" @click=${this.catchUp}>Show ${number(this.waiting.length)} new</button>` : nothing}
          <button class="button small" type="button" data-key="p" aria-pressed=${this.paused ? 'true' : 'false'} @click=${() => (this.paused ? this.catchUp() : (this.paused = true))}>
            ${icon(this.paused ? 'play' : 'pause')} ${this.paused ? 'Resume' : 'Pause'}
          </button>
        </div>
        <p class="lead">Everything attackers do to the decoys, as it becomes durable. Newest first.</p>
      </div>
      ${filters(FIELDS.filter((field) => field.name !== 'session' || this.query.session))}
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      ${this.missed ? html`<div class="notice warn" role="status">${number(this.missed)} events came faster than this browser could take them. They are stored.
        <button class="button small" type="button" @click=${() => { this.missed = 0; this.reload(); }}>Load them</button></div>` : nothing}
      <section class="card" aria-label="Events">${this.body()}</section>
    `;
  }

  body() {
    if (!this.data) return loading('events');
    if (!this.rows.length) {
      return Object.keys(chosen(FIELDS, this.query)).length
        ? empty({ title: 'No event fits these filters', text: 'New ones that do will show here by themselves.', symbol: 'search', action: html`<a class="button" href="/live">Clear the filters</a>` })
        : empty({ title: 'Nothing has happened yet', text: 'Connect to a decoy to see how it looks. From another terminal on this machine:', command: 'decnetctl decky list\ndecnetctl selftest', symbol: 'live' });
    }
    return table({
      label: 'Events, newest first',
      rows: this.rows,
      key: (event) => event.seq,
      more: this.next ? () => this.older() : null,
      busy: this.busy,
      note: html`${number(this.rows.length)} shown`,
      columns: [
        { title: 'Time', tone: 'nowrap', cell: (event) => when(event.time) },
        { title: 'Severity', cell: (event) => severity(level(event)) },
        { title: 'Who and where', tone: 'nowrap', cell: subject },
        { title: 'What', header: true, cell: (event) => (event.session ? html`<a class="plain" href=${`/sessions/${event.session}`}>${sentence(event)}</a>` : sentence(event)) },
        { title: 'Record', cell: (event) => html`<button class="button small row-link" type="button" aria-label="JSON of event ${event.seq}" @click=${() => this.open(event)}>JSON</button>` },
      ],
    });
  }

  open({ fresh, ...event }) {
    drawer(`Event ${event.seq}: ${KINDS[event.kind] ?? event.kind}`, html`
      <p>${subject(event)}</p>
      <p>${sentence(event)}</p>
      <p class="muted">${when(event.time, { style: 'full' })}</p>
      <div class="chips">
        ${event.session ? html`<a class="button small" href=${`/sessions/${event.session}`}>Open the session</a>` : nothing}
        ${copyButton(JSON.stringify(event, null, 2), 'Copy JSON')}
      </div>
      ${json(event)}`);
  }
}
customElements.define('dn-live', Live);
