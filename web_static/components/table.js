// Real tables: a sticky head, one link a row, and more pages on request.
import { html, nothing } from '../vendor/lit/index.js';
import { repeat } from '../vendor/lit-html/directives/repeat.js';

/**
 * columns: [{title, cell(row), number, header}], one of which may be the row's header.
 * more: called for the next page, or nothing when there is none.
 */
export function table({ label, columns, rows, key, more = null, busy = false, note = nothing }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
      <table>
        <thead>
          <tr>
            ${columns.map((column) => html`<th scope="col" class=${column.number ? 'number' : ''}>${column.title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${repeat(rows, key, (row) => html`<tr>${columns.map((column) => cell(column, row))}</tr>`)}
        </tbody>
      </table>
    </div>
    ${more || note !== nothing
      ? html`<div class="table-foot">
          ${more ? html`<button class="button small" type="button" ?disabled=${busy} @click=${more}>Load more</button>` : nothing}${note}
        </div>`
      : nothing}`;
}

function cell(column, row) {
  const tone = column.number ? 'number nowrap' : (column.tone ?? '');
  return column.header
    ? html`<th scope="row" class=${tone}>${column.cell(row)}</th>`
    : html`<td class=${tone}>${column.cell(row)}</td>`;
}

export function ranked(entries, { link = null, name = (entry) => entry.name } = {}) {
  const most = Math.max(1, ...entries.map((entry) => entry.count));
  return html`<ol class="ranked">
    ${entries.map((entry) => {
      const inside = html`<svg preserveAspectRatio="none" aria-hidden="true"><rect height="100%" rx="4" width="${(100 * entry.count) / most}%"></rect></svg
        ><span class="name">${name(entry)}</span><span class="count">${new Intl.NumberFormat('en-GB').format(entry.count)}</span>`;
      return html`<li>${link ? html`<a href=${link(entry)}>${inside}</a>` : html`<span class="entry">${inside}</span>`}</li>`;
    })}
  </ol>`;
}
