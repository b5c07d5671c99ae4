// One attacker: its way through the decoys, its clients, what it tried and took, and who is like it.
import { html, nothing, svg } from '../vendor/lit/index.js';
import { state } from '../components/badge.js';
import { copyButton } from '../components/dialogs.js';
import { empty, failure, loading } from '../components/empty.js';
import { table } from '../components/table.js';
import { call, can } from '../lib/api.js';
import { attackerPath, behaviour } from '../lib/attackers.js';
import { subscribe } from '../lib/live.js';
import { Page } from '../lib/page.js';
import { href } from '../lib/router.js';
import { bytes, defanged, number, peer, plural, textOf } from '../lib/text.js';
import { full, span, when } from '../lib/time.js';

const FORMATS = [['json', 'JSON'], ['csv', 'CSV'], ['stix', 'STIX 2.1'], ['misp', 'MISP']];
const SESSIONS = 15;
const TRIED = 20; // credentials shown before an operator asks for all
const WIDTH = 1000; // units of the drawing of a way
const LEAST = 6; // units a visit is wide, however short it was

class Attacker extends Page {
  static properties = { all: { state: true } };

  get heading() {
    return this.data ? `Attacker ${this.data.address}` : 'Attacker';
  }

  connectedCallback() {
    super.connectedCallback();
    this.changed = false;
    this.until(subscribe(['events'], (_, data) => (data.source === this.parameters.address || data.fact?.address === this.parameters.address) && (this.changed = true)));
    this.every(2, () => this.changed && this.reload({ quiet: true }));
  }

  async fetch(signal) {
    this.changed = false;
    const { address } = this.parameters;
    const [detail, sessions] = await Promise.all([
      call('attacker.show', { address }, { signal }),
      call('session.list', { source: address, limit: SESSIONS }, { signal }),
    ]);
    return { ...detail, visitsTo: sessions };
  }

  render() {
    if (!this.data) return this.problem ? this.gone() : loading('the attacker');
    const a = this.data;
    return html`
      <div class="page-head">
        <h1>${a.address}</h1>
        ${behaviour(a.behaviour)}
        ${a.tools.map((tool) => html`<span class="chip">${tool}</span>`)}
        <div class="end">
          ${copyButton(a.address, 'Copy address')}
          ${copyButton(defanged(a.address), 'Copy defanged')}
          ${can('attacker.export') ? FORMATS.map(([name, text]) => html`<button class="button small" type="button" aria-label=${`Export as ${text}`} @click=${() => this.save(name)}>${text}</button>`) : nothing}
        </div>
      </div>
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      <section class="card" aria-label="Facts"><div class="body"><dl class="facts">
        ${this.fact('First seen', when(a.first_seen, { style: 'full' }))}
        ${this.fact('Last seen', when(a.last_seen, { style: 'full' }))}
        ${this.fact('Acts', this.rhythm(a.timing))}
        ${this.fact('Calls home', a.timing.interval === null ? 'no' : `every ${span(a.timing.interval)}, jitter ${Math.round(a.timing.jitter)} %`)}
        ${this.fact('Looked around until', a.phases.recon_end === null ? '–' : when(a.phases.recon_end))}
        ${this.fact('Took action', a.phases.exfil_start === null ? 'not yet' : html`${when(a.phases.exfil_start)}${a.phases.latency === null ? '' : html` <span class="muted">after ${span(a.phases.latency)}</span>`}`)}
        ${this.fact('Data in / out', `${bytes(a.bytes_in)} / ${bytes(a.bytes_out)}`)}
        ${this.fact('Large payloads', number(a.phases.large_payloads))}
      </dl></div></section>
      ${this.way(a)}
      <div class="grid-2">
        <div class="stack">${this.sessions(a)} ${this.fingerprints(a)} ${this.commands(a)} ${this.files(a)}</div>
        <div class="stack">${this.hours(a)} ${this.related(a)} ${this.credentials(a)}</div>
      </div>
      ${a.left_out ? html`<p class="muted">${plural(a.left_out, 'time')} it showed something else that no list has room for.</p>` : nothing}
    `;
  }

  gone() {
    if (this.problem.status !== 404) return failure(this.problem, () => this.reload());
    return html`<div class="page-head"><h1>Not found</h1></div>${empty({ title: 'Nobody came from this address', text: 'Or its profile was removed by retention.', symbol: 'attackers', action: html`<a class="button" href="/attackers">All attackers</a>` })}`;
  }

  fact(name, value) {
    return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  }

  rhythm(timing) {
    const acts = plural(timing.acts, 'act');
    return timing.mean === null ? acts : html`${acts}, every ${span(timing.mean)} <span class="muted">variation ${timing.variation.toFixed(2)}</span>`;
  }

  async save(format) {
    try {
      const file = await call('attacker.export', { address: this.data.address, format });
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([file.text], { type: file.media_type }));
      link.download = file.name;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      this.problem = error;
    }
  }

  /** One lane a decoy, in the order in which they were reached. */
  way(a) {
    const start = a.first_seen;
    const length = Math.max(1, a.last_seen - start);
    const at = (time) => (WIDTH * (time - start)) / length;
    return html`<section class="card" aria-label="Way">
      <header><h2>Way</h2><span class="muted">${plural(a.deckies, 'decoy')}${a.mutations.length ? html`, diamonds: the decoy changed` : ''}</span></header>
      ${table({
        label: 'Way through the decoys',
        rows: a.visits,
        key: (visit) => visit.decky,
        columns: [
          { title: 'Decoy', header: true, tone: 'nowrap', cell: (visit) => html`<a class="plain" href=${`/decoys/${visit.decky}`}>${visit.decky}</a>` },
          { title: 'From first to last', cell: (visit) => this.lane(a, visit, at) },
          { title: 'Services', cell: (visit) => visit.services.join(', ') },
          { title: 'First seen', tone: 'nowrap', cell: (visit) => when(visit.first_seen) },
          { title: 'Sessions', number: true, cell: (visit) => html`<a class="plain" href=${href('/sessions', { source: a.address, decky: visit.decky })}>${number(visit.sessions)}</a>` },
          { title: 'Credentials', number: true, cell: (visit) => html`${number(visit.credentials)}${visit.accepted ? html` <span class="muted">${number(visit.accepted)} accepted</span>` : ''}` },
          { title: 'Commands', number: true, cell: (visit) => number(visit.commands) },
          { title: 'Files', number: true, cell: (visit) => number(visit.files) },
        ],
      })}
      ${a.mutations.length
        ? html`<div class="body"><ol class="timeline">${a.mutations.map((one) => html`<li><span class="at">${full(one.time)}</span> ${one.decky} began to serve ${one.new.join(', ') || 'nothing'}, before ${one.old.join(', ') || 'nothing'} <span class="muted">(${one.trigger})</span></li>`)}</ol></div>`
        : nothing}
    </section>`;
  }

  lane(a, visit, at) {
    const changes = a.mutations.filter((one) => one.decky === visit.decky);
    const from = Math.min(at(visit.first_seen), WIDTH - LEAST);
    const width = Math.max(LEAST, at(visit.last_seen) - at(visit.first_seen));
    const words = `${full(visit.first_seen)} to ${full(visit.last_seen)}${changes.length ? `, changed ${plural(changes.length, 'time')} meanwhile` : ''}`;
    return html`<svg class="lane" viewBox="0 0 ${WIDTH} 40" preserveAspectRatio="none" role="img" aria-label=${words}>
      <line x1="0" x2=${WIDTH} y1="20" y2="20" />
      <rect x=${from} width=${Math.min(width, WIDTH - from)} y="10" height="20" rx="3" />
      ${changes.map((one) => svg`<path d="M${at(one.time)} 2 l8 18 l-8 18 l-8 -18 z" />`)}
    </svg>`;
  }

  sessions(a) {
    const rows = a.visitsTo.items;
    return html`<section class="card" aria-label="Sessions">
      <header><h2>Sessions</h2><span class="muted">${number(a.sessions)}</span><div class="end"><a class="button small" href=${href('/sessions', { source: a.address })}>All</a></div></header>
      ${rows.length
        ? table({
            label: 'Sessions of this attacker, newest first',
            rows,
            key: (row) => row.id,
            columns: [
              { title: 'Opened', header: true, tone: 'nowrap', cell: (row) => html`<a class="row-link" href=${`/sessions/${row.id}`}>${when(row.opened)}</a>` },
              { title: 'Decoy', tone: 'nowrap', cell: (row) => html`${row.decky} <span class="chip">${row.service}</span>` },
              { title: 'Commands', number: true, cell: (row) => number(row.commands) },
              { title: 'Duration', number: true, cell: (row) => (row.closed === null ? state('open') : span(row.duration)) },
              { title: 'Replay', cell: (row) => (row.replayable ? html`<a class="chip" href=${`/sessions/${row.id}`}>replay</a>` : nothing) },
            ],
          })
        : html`<div class="body"><p class="muted">No session is left; they are kept for a shorter time.</p></div>`}
    </section>`;
  }

  fingerprints(a) {
    return html`<section class="card" aria-label="Fingerprints">
      <header><h2>Fingerprints</h2><span class="muted">what its clients are known by</span></header>
      ${a.fingerprints.length
        ? table({
            label: 'Fingerprints',
            rows: a.fingerprints,
            key: (one) => `${one.kind} ${one.value}`,
            columns: [
              { title: 'Kind', header: true, tone: 'nowrap', cell: (one) => one.kind.replaceAll('_', ' ') },
              { title: 'Value', cell: (one) => peer(one.value, 80) },
              { title: 'Seen', number: true, cell: (one) => number(one.count) },
              { title: 'Others with it', number: true, cell: (one) => (one.others ? number(one.others) : html`<strong>none</strong>`) },
            ],
          })
        : html`<div class="body"><p class="muted">Its clients told nothing of themselves.</p></div>`}
    </section>`;
  }

  related(a) {
    return html`<section class="card" aria-label="Related">
      <header><h2>Others like it</h2><span class="muted">by fingerprints they share</span></header>
      ${a.related.length
        ? table({
            label: 'Attackers that share fingerprints',
            rows: a.related,
            key: (one) => one.address,
            columns: [
              { title: 'Address', header: true, tone: 'nowrap', cell: (one) => html`<a class="row-link" href=${attackerPath(one.address)}>${one.address}</a>` },
              { title: 'Shared', number: true, cell: (one) => number(one.shared) },
              { title: 'What', cell: (one) => one.kinds.map((kind) => kind.replaceAll('_', ' ')).join(', ') },
              { title: 'Last seen', tone: 'nowrap', cell: (one) => when(one.last_seen) },
            ],
          })
        : html`<div class="body"><p class="muted">Nobody else has shown the same.</p></div>`}
    </section>`;
  }

  credentials(a) {
    return html`<section class="card" aria-label="Credentials">
      <header><h2>Credentials tried</h2><span class="muted">${number(a.credentials)}</span></header>
      ${a.tried.length
        ? table({
            label: 'Credentials this attacker tried',
            rows: this.all ? a.tried : a.tried.slice(0, TRIED),
            more: this.all || a.tried.length <= TRIED ? null : () => (this.all = true),
            key: (one) => one.credential,
            columns: [
              { title: 'User', header: true, cell: (one) => (one.user === null ? html`<span class="muted">none</span>` : peer(one.user, 60)) },
              { title: 'Secret', cell: (one) => html`<a class="plain" href=${href('/credentials', { secret: textOf(one.secret) })}>${peer(one.secret, 80)}</a>` },
              { title: 'Times', number: true, cell: (one) => number(one.count) },
              { title: 'Result', cell: (one) => state(one.accepted ? 'accepted' : 'refused') },
            ],
          })
        : html`<div class="body"><p class="muted">It has not tried to log in.</p></div>`}
    </section>`;
  }

  commands(a) {
    const lines = a.command_lines;
    return html`<section class="card" aria-label="Commands">
      <header><h2>Commands</h2><span class="muted">${plural(lines.length, 'different one')}</span><div class="end">${copyButton(lines.map((one) => one.value).join('\n'), 'Copy all')}</div></header>
      <div class="body">
        ${lines.length ? html`<ol class="commands">${lines.map((one) => html`<li><span>${peer(one.value)}${one.count > 1 ? html` <span class="muted">× ${number(one.count)}</span>` : ''}</span></li>`)}</ol>` : html`<p class="muted">No command was run.</p>`}
      </div>
    </section>`;
  }

  files(a) {
    const rows = [...a.digests.map((one) => ({ ...one, what: 'SHA-256' })), ...a.urls.map((one) => ({ ...one, what: 'asked for' }))];
    return html`<section class="card" aria-label="Files">
      <header><h2>Files and downloads</h2><span class="muted">${number(a.files)} / ${number(a.downloads)}</span></header>
      ${rows.length
        ? table({
            label: 'Files and downloads',
            rows,
            key: (one) => one.what + one.value,
            columns: [
              { title: 'What', header: true, tone: 'nowrap', cell: (one) => one.what },
              { title: 'Value', cell: (one) => peer(one.value, 80) },
              { title: 'Times', number: true, cell: (one) => number(one.count) },
              { title: 'Last seen', tone: 'nowrap', cell: (one) => when(one.last_seen) },
            ],
          })
        : html`<div class="body"><p class="muted">It brought nothing and asked for nothing.</p></div>`}
    </section>`;
  }

  hours(a) {
    const most = Math.max(1, ...a.timing.hours);
    return html`<section class="card" aria-label="Hours">
      <header><h2>Hours</h2><span class="muted">acts by hour of the day, UTC</span></header>
      <div class="body">
        <svg class="hours" viewBox="0 0 240 60" preserveAspectRatio="none" role="img" aria-label=${`Acts by hour, UTC: ${a.timing.hours.map((count, hour) => [hour, count]).filter(([, count]) => count).map(([hour, count]) => `${hour}h ${number(count)}`).join(', ') || 'none'}`}>
          ${a.timing.hours.map((count, hour) => svg`<rect x=${hour * 10 + 1} width="8" y=${58 - (56 * count) / most} height=${2 + (56 * count) / most} />`)}
        </svg>
        <div class="hours-scale muted" aria-hidden="true"><span>0</span><span>6</span><span>12</span><span>18</span><span>24</span></div>
      </div>
    </section>`;
  }
}
customElements.define('dn-attacker', Attacker);
