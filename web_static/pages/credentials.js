// What attackers try to log in with, and what opened a door.
import { html, nothing } from '../vendor/lit/index.js';
import { state } from '../components/badge.js';
import { credentialTabs } from '../components/credential-tabs.js';
import { copyButton, drawer } from '../components/dialogs.js';
import { empty, failure, loading } from '../components/empty.js';
import { table } from '../components/table.js';
import { call } from '../lib/api.js';
import { chosen, filters } from '../lib/filters.js';
import { Page } from '../lib/page.js';
import { href, query } from '../lib/router.js';
import { number, peer, textOf } from '../lib/text.js';
import { when } from '../lib/time.js';

const FIELDS = [
  { name: 'user', label: 'User' },
  { name: 'secret', label: 'Secret', placeholder: 'exactly' },
  { name: 'kind', label: 'Kind', options: [['plaintext', 'password'], ['public_key', 'public key'], ['http_bearer', 'bearer token'], ['http_digest_md5', 'HTTP digest']] },
  { name: 'accepted', label: 'Result', options: [['true', 'accepted'], ['false', 'refused']] },
];

class Credentials extends Page {
  get heading() {
    return 'Credentials';
  }

  arguments() {
    const order = this.query.order === 'recent' ? 'recent' : 'count';
    return { ...chosen(FIELDS, this.query), order, limit: 100 };
  }

  async fetch(signal) {
    return call('credential.list', this.arguments(), { signal });
  }

  async older() {
    this.busy = true;
    try {
      const page = await call('credential.list', { ...this.arguments(), cursor: this.data.next });
      this.data = { items: [...this.data.items, ...page.items], next: page.next };
    } catch (error) {
      this.problem = error;
    }
    this.busy = false;
  }

  render() {
    const order = this.query.order === 'recent' ? 'recent' : 'count';
    return html`
      <div class="page-head">
        <h1>Credentials</h1>
        <div class="end">
          <nav class="segments" aria-label="Order">
            <a href=${href('/credentials', { ...query(), order: '' })} aria-current=${order === 'count' ? 'true' : nothing}>Most tried</a>
            <a href=${href('/credentials', { ...query(), order: 'recent' })} aria-current=${order === 'recent' ? 'true' : nothing}>Newest</a>
          </nav>
        </div>
        <p class="lead">Every user name and secret attackers sent, kept as they sent it. An accepted one opened a decoy's door.</p>
      </div>
      ${credentialTabs('/credentials')}
      ${filters(FIELDS)}
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      <section class="card" aria-label="Credentials">${this.body()}</section>
    `;
  }

  body() {
    if (!this.data) return loading('credentials');
    if (!this.data.items.length) {
      return Object.keys(chosen(FIELDS, this.query)).length
        ? empty({ title: 'No credential fits these filters', text: 'A secret is matched as a whole, not in part.', symbol: 'search', action: html`<a class="button" href="/credentials">Clear the filters</a>` })
        : empty({ title: 'Nobody has tried to log in yet', text: 'Password guessing usually begins within hours on the open internet. Inside a network the first one is an alarm. To see one now:', command: 'decnetctl selftest', symbol: 'credentials' });
    }
    return table({
      label: 'Credentials',
      rows: this.data.items,
      key: (row) => row.id,
      more: this.data.next ? () => this.older() : null,
      busy: this.busy,
      note: html`${number(this.data.items.length)} shown`,
      columns: [
        { title: 'User', header: true, cell: (row) => (row.user === null ? html`<span class="muted">none</span>` : peer(row.user, 60)) },
        { title: 'Secret', cell: (row) => peer(row.secret, 80) },
        { title: 'Kind', cell: (row) => html`<span class="chip">${row.kind.replaceAll('_', ' ')}</span>` },
        { title: 'Where last', tone: 'nowrap', cell: (row) => html`<span class="muted">${row.mechanism}</span>` },
        { title: 'Tried', number: true, cell: (row) => number(row.count) },
        { title: 'Sessions', number: true, cell: (row) => number(row.sessions) },
        { title: 'Result', cell: (row) => state(row.accepted ? 'accepted' : 'refused') },
        { title: 'Last seen', tone: 'nowrap', cell: (row) => when(row.last_seen) },
        { title: 'Uses', cell: (row) => html`<button class="button small row-link" type="button" aria-label="Uses of ${row.user ?? 'no user'}" @click=${() => this.open(row)}>Uses</button>` },
      ],
    });
  }

  async open(row) {
    try {
      const detail = await call('credential.show', { id: row.id });
      drawer('Where this credential was tried', html`
        <p>${row.user === null ? 'No user' : peer(row.user)} with ${peer(row.secret)}</p>
        <div class="chips">${copyButton(textOf(row.secret), 'Copy the secret')} ${copyButton(row.hashcat ?? '', 'Copy the hashcat line')}</div>
        <section class="card" aria-label="Uses">
          ${table({
            label: 'Uses',
            rows: detail.uses,
            key: (use) => use.session,
            columns: [
              { title: 'Session', header: true, tone: 'nowrap', cell: (use) => html`<a href=${`/sessions/${use.session}`}>${when(use.time)}</a>` },
              { title: 'Source', cell: (use) => use.source },
              { title: 'Decoy', cell: (use) => html`${use.decky} <span class="muted">${use.service}</span>` },
              { title: 'Result', cell: (use) => state(use.accepted ? 'accepted' : 'refused') },
            ],
          })}
        </section>
        ${detail.truncated ? html`<p class="muted">There are more than shown.</p>` : nothing}`);
    } catch (error) {
      this.problem = error;
    }
  }
}
customElements.define('dn-credentials', Credentials);
