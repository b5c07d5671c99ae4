// Who came: one row an address.
import { html, nothing } from '../vendor/lit/index.js';
import { plain } from '../components/badge.js';
import { empty, failure, loading } from '../components/empty.js';
import { table } from '../components/table.js';
import { call } from '../lib/api.js';
import { BEHAVIOUR_NAMES, attackerPath, behaviour } from '../lib/attackers.js';
import { chosen, filters } from '../lib/filters.js';
import { subscribe } from '../lib/live.js';
import { Page } from '../lib/page.js';
import { href, query } from '../lib/router.js';
import { number } from '../lib/text.js';
import { when } from '../lib/time.js';

const FIELDS = [
  { name: 'q', label: 'Address begins with', placeholder: '203.0.' },
  { name: 'behaviour', label: 'Acts like', options: BEHAVIOUR_NAMES },
  { name: 'decky', label: 'Decoy' },
  { name: 'service', label: 'Service' },
  { name: 'tool', label: 'Tool' },
];
const ORDERS = [
  ['', 'Last seen'],
  ['first', 'Newest'],
  ['deckies', 'Most decoys'],
  ['credentials', 'Most credentials'],
  ['commands', 'Most commands'],
  ['events', 'Most events'],
];

class Attackers extends Page {
  get heading() {
    return 'Attackers';
  }

  connectedCallback() {
    this.fresh = 0;
    super.connectedCallback();
    this.until(subscribe(['events'], (_, data) => data.kind?.startsWith('Attacker') && (this.fresh += 1)));
    this.every(5, () => this.fresh && (this.data?.items.length ?? 0) <= 100 && scrollY < 160 && this.reload({ quiet: true }));
  }

  get order() {
    return ORDERS.some(([name]) => name === this.query.order) ? this.query.order : '';
  }

  arguments() {
    return { ...chosen(FIELDS, this.query), ...(this.order ? { order: this.order } : {}), limit: 100 };
  }

  async fetch(signal) {
    this.fresh = 0;
    return call('attacker.list', this.arguments(), { signal });
  }

  async older() {
    this.busy = true;
    try {
      const page = await call('attacker.list', { ...this.arguments(), cursor: this.data.next });
      this.data = { items: [...this.data.items, ...page.items], next: page.next };
    } catch (error) {
      this.problem = error;
    }
    this.busy = false;
  }

  render() {
    return html`
      <div class="page-head">
        <h1>Attackers</h1>
        <p class="lead">Every address that came, and how it acts. Open one for its way through the decoys.</p>
      </div>
      <nav class="segments" aria-label="Order">
        ${ORDERS.map(([name, text]) => html`<a href=${href('/attackers', { ...query(), order: name })} aria-current=${this.order === name ? 'true' : nothing}>${text}</a>`)}
      </nav>
      ${filters(FIELDS)}
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      <section class="card" aria-label="Attackers">${this.body()}</section>
    `;
  }

  body() {
    if (!this.data) return loading('attackers');
    if (!this.data.items.length) {
      return Object.keys(chosen(FIELDS, this.query)).length
        ? empty({ title: 'No attacker fits these filters', text: 'Try fewer of them; names of decoys, services and tools are matched as a whole.', symbol: 'search', action: html`<a class="button" href="/attackers">Clear the filters</a>` })
        : empty({ title: 'Nobody has come yet', text: 'Whoever touches a decoy is listed here within a second. To see one now:', command: 'decnetctl selftest', symbol: 'attackers' });
    }
    return table({
      label: 'Attackers',
      rows: this.data.items,
      key: (row) => row.address,
      more: this.data.next ? () => this.older() : null,
      busy: this.busy,
      note: html`${number(this.data.items.length)} shown`,
      columns: [
        { title: 'Address', tone: 'nowrap', header: true, cell: (row) => html`<a class="row-link" href=${attackerPath(row.address)}>${row.address}</a>` },
        { title: 'Acts like', tone: 'nowrap', cell: (row) => behaviour(row.behaviour) },
        { title: 'Last seen', tone: 'nowrap', cell: (row) => when(row.last_seen) },
        { title: 'Tools', cell: (row) => row.tools.map((tool) => html`<span class="chip">${tool}</span> `) },
        { title: 'Services', cell: (row) => row.services.join(', ') },
        { title: 'Decoys', number: true, cell: (row) => number(row.deckies) },
        { title: 'Sessions', number: true, cell: (row) => number(row.sessions) },
        { title: 'Credentials', number: true, cell: (row) => html`${number(row.credentials)}${row.accepted ? html` ${plain('high', `${number(row.accepted)} accepted`)}` : ''}` },
        { title: 'Commands', number: true, cell: (row) => number(row.commands) },
        { title: 'Files', number: true, cell: (row) => number(row.files) },
        { title: 'First seen', tone: 'nowrap', cell: (row) => when(row.first_seen) },
      ],
    });
  }
}
customElements.define('dn-attackers', Attackers);
