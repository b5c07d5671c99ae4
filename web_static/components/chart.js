// Time series on uPlot: two areas, the numbers also as a table, drag to choose a range.
import { LitElement, html } from '../vendor/lit/index.js';
import uPlot from '../vendor/uplot/dist/uPlot.iife.min.js';
import { number } from '../lib/text.js';
import { day, full, zone } from '../lib/time.js';
import { watch } from '../lib/prefs.js';

class Chart extends LitElement {
  // points: [{time, ...}]; series: [{key, label}] with at most two entries
  static properties = { points: { attribute: false }, series: { attribute: false }, label: {}, table: { state: true } };

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.resize = new ResizeObserver(() => this.fit());
    this.media = matchMedia('(prefers-color-scheme: light)');
    this.redraw = () => this.draw();
    this.media.addEventListener('change', this.redraw);
    this.unwatch = watch(this.redraw);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.resize.disconnect();
    this.media.removeEventListener('change', this.redraw);
    this.unwatch();
    this.plot?.destroy();
    this.plot = null;
  }

  render() {
    if (this.table) {
      return html`<div class="scroll" tabindex="0" role="region" aria-label=${this.label}>
        <table>
          <thead><tr><th scope="col">From</th>${this.series.map((s) => html`<th scope="col" class="number">${s.label}</th>`)}</tr></thead>
          <tbody>
            ${this.points.map((p) => html`<tr><th scope="row">${full(p.time)}</th>${this.series.map((s) => html`<td class="number">${number(p[s.key])}</td>`)}</tr>`)}
          </tbody>
        </table>
      </div>`;
    }
    return html`<div class="plot" role="img" aria-label=${this.describe()}></div>`;
  }

  describe() {
    const totals = this.series.map((s) => `${number(this.points.reduce((sum, p) => sum + p[s.key], 0))} ${s.label.toLowerCase()}`);
    return `${this.label}: ${totals.join(', ')}. The same numbers are in the table view.`;
  }

  updated() {
    this.draw();
  }

  fit() {
    const host = this.querySelector('.plot');
    if (host && this.plot && host.clientWidth) this.plot.setSize({ width: host.clientWidth, height: 230 });
  }

  draw() {
    const host = this.querySelector('.plot');
    this.plot?.destroy();
    this.plot = null;
    if (!host || !this.points?.length) return;
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--muted'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    };
    const data = [this.points.map((p) => p.time), ...this.series.map((s) => this.points.map((p) => p[s.key]))];
    this.plot = new uPlot({
      width: host.clientWidth || 600,
      height: 230,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone()),
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      select: { show: true },
      legend: { show: false },
      scales: { y: { range: (_, low, high) => [0, Math.max(4, high * 1.12)] } },
      axes: [{ ...axis, grid: { show: false }, values: (plot, ticks) => this.times(ticks) }, { ...axis, size: 46 }],
      series: [{}, ...this.series.map((s, index) => this.style(s, colour(`--series-${index + 1}`)))],
      hooks: { setSelect: [(plot) => this.selected(plot)] },
    }, data, host);
    this.resize.disconnect();
    this.resize.observe(host);
  }

  times(ticks) {
    let before = '';
    return ticks.map((tick) => {
      const text = full(tick).split(', ');
      const today = day(tick);
      const label = today === before ? text.at(-1).slice(0, 5) : ticks[1] - ticks[0] >= 86400 || before ? today : text.at(-1).slice(0, 5);
      before = today;
      return label;
    });
  }

  style(series, stroke) {
    return { label: series.label, stroke, width: 1.8, fill: `${stroke}26`, points: { show: false }, paths: uPlot.paths.spline() };
  }

  selected(plot) {
    if (plot.select.width < 8) return;
    const since = plot.posToVal(plot.select.left, 'x');
    const until = plot.posToVal(plot.select.left + plot.select.width, 'x');
    this.dispatchEvent(new CustomEvent('range', { detail: { since: Math.floor(since), until: Math.ceil(until) } }));
  }
}
customElements.define('dn-chart', Chart);

/** A small line without axes; the number beside it says what it means. */
export function spark(values) {
  if (values.length < 2 || !values.some(Boolean)) return '';
  const most = Math.max(...values);
  const points = values.map((value, index) => `${((100 * index) / (values.length - 1)).toFixed(1)} ${(34 - (30 * value) / most).toFixed(1)}`);
  const line = `M${points.join('L')}`;
  return html`<svg class="spark" viewBox="0 0 100 36" preserveAspectRatio="none" aria-hidden="true">
    <path class="area" d="${line}L100 36L0 36Z" /><path class="line" d=${line} />
  </svg>`;
}
