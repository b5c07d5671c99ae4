// What attackers did, by the names of MITRE ATT&CK: a matrix of tactics, and the events behind each technique.
import { html, nothing } from '../vendor/lit/index.js';
import { drawer } from '../components/dialogs.js';
import { empty, failure, loading } from '../components/empty.js';
import { table } from '../components/table.js';
import { call } from '../lib/api.js';
import { chosen, filters } from '../lib/filters.js';
import { Page } from '../lib/page.js';
import { number, peer } from '../lib/text.js';
import { when } from '../lib/time.js';

const FIELDS = [{ name: 'source', label: 'Source', placeholder: 'address' }];

const words = (name) => name.replaceAll('-', ' ').replace(/^./, (letter) => letter.toUpperCase());
const percent = (share) => `${Math.round(100 * share)} %`;

class Techniques extends Page {
  get heading() {
    return 'Techniques';
  }

  async fetch(signal) {
    return call('technique.list', chosen(FIELDS, this.query), { signal });
  }

  connectedCallback() {
    super.connectedCallback();
    this.every(60, () => this.reload({ quiet: true }));
  }

  render() {
    return html`
      <div class="page-head">
        <h1>Techniques</h1>
        <div class="end">
          <button class="button" type="button" ?disabled=${!this.data?.items.length} @click=${() => this.save()}>Navigator layer</button>
        </div>
        <p class="lead">What attackers did, by the names MITRE ATT&CK gives it. Rules find it in the events; each shows which.</p>
      </div>
      ${filters(FIELDS)}
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      ${this.body()}
    `;
  }

  body() {
    if (!this.data) return loading('techniques');
    if (!this.data.items.length) {
      return Object.keys(chosen(FIELDS, this.query)).length
        ? empty({ title: 'No technique fits these filters', text: 'An address is matched as a whole.', symbol: 'search', action: html`<a class="button" href="/techniques">Clear the filters</a>` })
        : empty({ title: 'No technique was seen yet', text: 'A log-in or a command in a shell is enough for the first. Which rules there are:', command: 'decnetctl technique rules', symbol: 'techniques' });
    }
    const tactics = Map.groupBy(this.data.items, (row) => row.tactic);
    const most = Math.max(...this.data.items.map((row) => row.sources));
    return html`<div class="matrix">
      ${[...tactics].map(([tactic, rows]) => html`<section class="card" aria-labelledby="tactic-${tactic}">
        <h2 id="tactic-${tactic}">${words(tactic)} <span class="muted">${number(rows.length)}</span></h2>
        <ul>
          ${rows.map((row) => html`<li>
            <button type="button" data-heat=${Math.ceil((4 * row.sources) / most)} @click=${() => this.open(row)}>
              <span class="name">${row.name}</span>
              <span class="mono">${row.technique}</span>
              <span class="counts">${number(row.sources)} ${row.sources === 1 ? 'source' : 'sources'} · ${number(row.events)} ${row.events === 1 ? 'event' : 'events'}</span>
            </button>
          </li>`)}
        </ul>
      </section>`)}
    </div>`;
  }

  async open(row) {
    try {
      const [detail, page] = await Promise.all([
        call('technique.show', { id: row.technique }),
        call('technique.events', { ...chosen(FIELDS, this.query), id: row.technique, limit: 100 }),
      ]);
      drawer(detail.name, html`
        <p><a href=${detail.url} rel="noreferrer external" target="_blank">${detail.technique} at MITRE</a>
          · found by ${detail.rules.join(', ')}</p>
        <section class="card" aria-label="Events">
          ${table({
            label: 'Events',
            rows: page.items,
            key: (tag) => `${tag.event} ${tag.rule} ${tag.technique}`,
            columns: [
              { title: 'When', header: true, tone: 'nowrap', cell: (tag) => (tag.session ? html`<a href=${`/sessions/${tag.session}`}>${when(tag.time)}</a>` : when(tag.time)) },
              { title: 'Source', cell: (tag) => tag.source },
              { title: 'Decoy', cell: (tag) => html`${tag.decky} <span class="muted">${tag.service}</span>` },
              { title: 'Evidence', cell: (tag) => Object.entries(tag.evidence).map(([name, value]) => html`<div><span class="muted">${name}</span> ${peer(value, 120)}</div>`) },
              { title: 'Rule', tone: 'nowrap', cell: (tag) => html`${tag.rule} <span class="muted">${percent(tag.confidence)}</span>` },
            ],
          })}
        </section>
        ${page.next ? html`<p class="muted">There are more than shown.</p>` : nothing}
        <p class="muted">${detail.notice}</p>`);
    } catch (error) {
      this.problem = error;
    }
  }

  async save() {
    try {
      const layer = await call('technique.export', chosen(FIELDS, this.query));
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([layer.text], { type: 'application/json' }));
      link.download = 'decnet-techniques.json';
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      this.problem = error;
    }
  }
}
customElements.define('dn-techniques', Techniques);
