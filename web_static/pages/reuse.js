// Secrets that were used again: who has them from whom, and which of our baits came back.
import { html, nothing } from '../vendor/lit/index.js';
import { credentialTabs } from '../components/credential-tabs.js';
import { copyButton, drawer } from '../components/dialogs.js';
import { empty, failure, loading } from '../components/empty.js';
import { table } from '../components/table.js';
import { call } from '../lib/api.js';
import { chosen, filters } from '../lib/filters.js';
import { Page } from '../lib/page.js';
import { href } from '../lib/router.js';
import { number, peer, textOf } from '../lib/text.js';
import { when } from '../lib/time.js';

const FIELDS = [
  { name: 'min_targets', label: 'Places', options: [['2', '2 or more'], ['3', '3 or more'], ['10', '10 or more']] },
  { name: 'min_confidence', label: 'Confidence', any: '0.5 or more', options: [['0.7', '0.7 or more'], ['0.9', '0.9 or more'], ['0', 'any']] },
  { name: 'bait', label: 'Bait', options: [['true', 'only bait'], ['false', 'no bait']] },
  { name: 'source', label: 'Source' },
  { name: 'decky', label: 'Decoy' },
];

class Reuse extends Page {
  get heading() {
    return 'Reuse';
  }

  arguments() {
    return { ...chosen(FIELDS, this.query), limit: 100 };
  }

  async fetch(signal) {
    return call('credential.reuse-list', this.arguments(), { signal });
  }

  async older() {
    this.busy = true;
    try {
      const page = await call('credential.reuse-list', { ...this.arguments(), cursor: this.data.next });
      this.data = { items: [...this.data.items, ...page.items], next: page.next };
    } catch (error) {
      this.problem = error;
    }
    this.busy = false;
  }

  render() {
    return html`
      <div class="page-head">
        <h1>Reuse</h1>
        <p class="lead">Secrets few know that came from several sources, or to several places: whoever tries them has them from the same hand. What everybody tries is left out. A bait tells which decoy leaked it.</p>
      </div>
      ${credentialTabs('/credentials/reuse')}
      ${filters(FIELDS)}
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      <section class="card" aria-label="Reuse">${this.body()}</section>
    `;
  }

  body() {
    if (!this.data) return loading('reuse');
    if (!this.data.items.length && !this.data.next) {
      return Object.keys(chosen(FIELDS, this.query)).length
        ? empty({ title: 'No secret fits these filters', text: 'Less confidence shows more, also what is tried by chance.', symbol: 'search', action: html`<a class="button" href="/credentials/reuse">Clear the filters</a>` })
        : empty({ title: 'No secret was used again yet', text: 'It takes a rare one, tried from two addresses or at two services. To see also what is tried by chance:', command: 'decnetctl credential reuse-list --min-confidence 0', symbol: 'credentials' });
    }
    return table({
      label: 'Secrets that were used again, the last tried first',
      rows: this.data.items,
      key: (row) => row.id,
      more: this.data.next ? () => this.older() : null,
      busy: this.busy,
      note: html`${number(this.data.items.length)} shown`,
      columns: [
        { title: 'Secret', header: true, cell: (row) => peer(row.secret, 60) },
        { title: 'Kind', cell: (row) => html`<span class="chip">${row.kind.replaceAll('_', ' ')}</span>` },
        { title: 'Sources', number: true, cell: (row) => number(row.sources) },
        { title: 'Places', number: true, cell: (row) => number(row.targets) },
        { title: 'Tried', number: true, cell: (row) => number(row.attempts) },
        { title: 'Confidence', number: true, cell: (row) => row.confidence.toFixed(2) },
        { title: 'Bait of', tone: 'nowrap', cell: (row) => (row.planted.length ? row.planted.map((name) => html`<a href=${`/decoys/${name}`}>${name}</a> `) : html`<span class="muted">none</span>`) },
        { title: 'Last seen', tone: 'nowrap', cell: (row) => when(row.last_seen) },
        { title: 'Details', cell: (row) => html`<button class="button small row-link" type="button" aria-label="Details of ${textOf(row.secret)}" @click=${() => this.open(row)}>Details</button>` },
      ],
    });
  }

  async open(row) {
    try {
      const detail = await call('credential.reuse-show', { id: row.id });
      drawer('Who used this secret again', html`
        <p>${peer(detail.secret)}</p>
        <div class="chips">${copyButton(textOf(detail.secret), 'Copy the secret')}</div>
        <p>Confidence ${detail.confidence.toFixed(2)}:</p>
        <ul>${detail.reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
        ${listed('Sources', detail.who, (one) => one.source, [
          { title: 'Source', header: true, cell: (one) => html`<a href=${href('/sessions', { source: one.source })}>${one.source}</a>` },
          { title: 'Tried', number: true, cell: (one) => number(one.attempts) },
          { title: 'Secrets in all', number: true, cell: (one) => number(one.secrets) },
          { title: 'First', tone: 'nowrap', cell: (one) => when(one.first_seen) },
        ])}
        ${listed('Places', detail.where, (one) => `${one.decky}:${one.service}`, [
          { title: 'Decoy', header: true, cell: (one) => html`<a href=${`/decoys/${one.decky}`}>${one.decky}</a> <span class="muted">${one.service}</span>` },
          { title: 'Tried', number: true, cell: (one) => number(one.attempts) },
          { title: 'First', tone: 'nowrap', cell: (one) => when(one.first_seen) },
        ])}
        ${listed('Users', detail.users, (one) => one.credential, [
          { title: 'User', header: true, cell: (one) => (one.user === null ? html`<span class="muted">none</span>` : peer(one.user, 60)) },
          { title: 'Where last', cell: (one) => html`<span class="muted">${one.mechanism}</span>` },
          { title: 'Tried', number: true, cell: (one) => number(one.count) },
        ])}
        ${detail.truncated ? html`<p class="muted">There are more than shown.</p>` : nothing}`);
    } catch (error) {
      this.problem = error;
    }
  }
}
customElements.define('dn-reuse', Reuse);

function listed(label, rows, key, columns) {
  return html`<section class="card" aria-label=${label}><header><h2>${label}</h2></header>${table({ label, rows, key, columns })}</section>`;
}
