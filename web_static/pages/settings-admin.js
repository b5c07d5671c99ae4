// The administrator's part of the settings: users, API tokens, the audit log.
import { html, nothing } from '../vendor/lit/index.js';
import { plain } from '../components/badge.js';
import { confirm, copyButton, tell } from '../components/dialogs.js';
import { empty, failure } from '../components/empty.js';
import { table } from '../components/table.js';
import { call, session } from '../lib/api.js';
import { number, peer } from '../lib/text.js';
import { when } from '../lib/time.js';

const ROLES = [['viewer', 'viewer: reads'], ['analyst', 'analyst: also triages'], ['admin', 'admin: also operates']];

function roleField(value = 'viewer') {
  return html`<label class="field"><span>Role</span><select name="role">${ROLES.map(([role, text]) => html`<option value=${role} ?selected=${role === value}>${text}</option>`)}</select></label>`;
}

function once(title, text, secret) {
  tell(title, html`<p>${text}</p><pre class="shown-once" tabindex="0" aria-label="Secret"><code>${secret}</code></pre><div>${copyButton(secret)}</div>`);
}

export const users = {
  fetch: (signal) => call('user.list', {}, { signal }),

  view(page) {
    const add = (event) => {
      event.preventDefault();
      const form = event.target;
      page.attempt(async () => {
        const made = await call('user.add', { name: form.elements.name.value, role: form.elements.role.value });
        form.reset();
        once(`${made.name} can sign in`, 'This password is shown only now. Hand it over safely; they can change it under Settings.', made.password);
        return `${made.name} was added.`;
      });
    };
    return html`
      <section class="card" aria-label="Add a user">
        <header><h2>Add a user</h2></header>
        <div class="body">
          ${page.formProblem ? failure(page.formProblem) : nothing}
          <form class="form inline" @submit=${add}>
            <label class="field"><span>Name</span><input name="name" required maxlength="64" autocomplete="off" spellcheck="false" /></label>
            ${roleField()}
            <button class="button primary">Add</button>
          </form>
        </div>
      </section>
      <section class="card" aria-label="Users">
        <header><h2>Users</h2></header>
        ${table({
          label: 'Users',
          rows: page.data.items,
          key: (row) => row.name,
          columns: [
            { title: 'Name', header: true, cell: (row) => html`<bdi>${row.name}</bdi>${row.name === session.user ? html` <span class="muted">you</span>` : nothing}` },
            { title: 'Role', cell: (row) => row.role },
            { title: 'State', cell: (row) => (row.disabled ? plain('', 'locked out') : plain('ok', 'may sign in')) },
            { title: 'Last signed in', tone: 'nowrap', cell: (row) => when(row.last_login) },
            { title: 'Do', cell: (row) => users.actions(page, row) },
          ],
        })}
      </section>`;
  },

  actions(page, row) {
    if (row.name === session.user) return html`<span class="muted">ask another administrator</span>`;
    const button = (label, work) => html`<button class="button small" type="button" aria-label="${label}: ${row.name}" @click=${() => page.attempt(work)}>${label}</button>`;
    return html`<span class="chips">
      ${button('New password', async () => {
        if (!(await confirm({ title: `New password for ${row.name}?`, text: 'The old one stops working and every browser of theirs is signed out.', action: 'Make one' }))) return '';
        const made = await call('user.reset-password', { name: row.name });
        once(`New password of ${row.name}`, 'It is shown only now.', made.password);
        return `${row.name} has a new password.`;
      })}
      ${button(row.disabled ? 'Let in again' : 'Lock out', async () => {
        await call('user.disable', { name: row.name, disabled: !row.disabled });
        return `${row.name} ${row.disabled ? 'may sign in again' : 'is locked out'}.`;
      })}
    </span>`;
  },
};

export const tokens = {
  fetch: (signal) => call('api-token.list', {}, { signal }),

  view(page) {
    const create = (event) => {
      event.preventDefault();
      const { name, role, days } = event.target.elements;
      const form = event.target;
      page.attempt(async () => {
        const made = await call('api-token.create', { name: name.value, role: role.value, days: Number(days.value) });
        form.reset();
        once(`Token ${made.name}`, 'It is shown only now. Send it as "Authorization: Bearer …".', made.token);
        return `Token ${made.name} was made.`;
      });
    };
    return html`
      <section class="card" aria-label="Make a token">
        <header><h2>Make a token</h2><span class="muted">for a program that reads or drives this console</span></header>
        <div class="body">
          ${page.formProblem ? failure(page.formProblem) : nothing}
          <form class="form inline" @submit=${create}>
            <label class="field"><span>What it is for</span><input name="name" required maxlength="64" autocomplete="off" /></label>
            ${roleField()}
            <label class="field"><span>Valid</span><select name="days"><option value="30">30 days</option><option value="90" selected>90 days</option><option value="365">a year</option><option value="0">until revoked</option></select></label>
            <button class="button primary">Make</button>
          </form>
        </div>
      </section>
      <section class="card" aria-label="API tokens">
        <header><h2>API tokens</h2></header>
        ${page.data.items.length
          ? table({
              label: 'API tokens',
              rows: page.data.items,
              key: (row) => row.id,
              columns: [
                { title: 'For', header: true, cell: (row) => html`<bdi>${row.name}</bdi><span class="sub mono">${row.id}</span>` },
                { title: 'Role', cell: (row) => row.role },
                { title: 'Made by', cell: (row) => html`<bdi>${row.created_by}</bdi><span class="sub">${when(row.created)}</span>` },
                { title: 'Expires', tone: 'nowrap', cell: (row) => when(row.expires) },
                { title: 'Last used', tone: 'nowrap', cell: (row) => when(row.last_used) },
                { title: 'Do', cell: (row) => html`<button class="button small danger" type="button" aria-label="Revoke ${row.name}" @click=${() => tokens.revoke(page, row)}>Revoke</button>` },
              ],
            })
          : empty({ title: 'No program has a key yet', text: 'A SIEM or a script needs one to read events over the REST interface, which is described in /api/v1/openapi.json.', symbol: 'credentials' })}
      </section>`;
  },

  revoke(page, row) {
    page.attempt(async () => {
      if (!(await confirm({ title: `Revoke ${row.name}?`, text: 'Whoever uses it is refused from now on.', action: 'Revoke it', danger: true }))) return '';
      await call('api-token.revoke', { id: row.id });
      return `Token ${row.name} is revoked.`;
    });
  },
};

export const audit = {
  fetch: (signal) => call('audit.list', { limit: 100 }, { signal }),

  view(page) {
    const older = async () => {
      const next = await call('audit.list', { limit: 100, cursor: page.data.next });
      page.data = { ...page.data, items: [...page.data.items, ...next.items], next: next.next };
    };
    return html`<section class="card" aria-label="Audit log">
      <header><h2>Audit log</h2><span class="muted">who did what; nobody can change it</span></header>
      ${page.data.items.length
        ? table({
            label: 'Audit log, newest first',
            rows: page.data.items,
            key: (row) => row.number,
            more: page.data.next ? older : null,
            note: html`${number(page.data.items.length)} shown`,
            columns: [
              { title: 'Time', tone: 'nowrap', cell: (row) => when(row.time) },
              { title: 'Who', header: true, cell: (row) => html`${peer(row.caller, 40)}<span class="sub">${row.via} ${row.address}</span>` },
              { title: 'Did', tone: 'nowrap', cell: (row) => html`<span class="mono">${row.operation}</span>` },
              { title: 'With', cell: (row) => (row.arguments === '{}' ? nothing : peer(row.arguments, 120)) },
              { title: 'Outcome', cell: (row) => (row.outcome === 'ok' ? plain('ok', 'ok') : html`${plain('high', 'refused')} <span class="mono">${row.outcome}</span>`) },
            ],
          })
        : empty({ title: 'Nothing was audited yet', text: 'Changes, sign-ins and replays are kept here.', symbol: 'system' })}
    </section>`;
  },
};
