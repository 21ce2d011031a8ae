/** Lines over a few named places, on a logarithmic scale, as SVG: written by hand, so that a bench needs no browser. */
export interface Series {
  readonly name: string;
  /** One for each place; undefined: not measured there. */
  readonly values: readonly (number | undefined)[];
}

export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
}

export interface Plot {
  readonly title: string;
  readonly unit: string;
  readonly places: readonly string[];
  readonly panels: readonly Panel[];
}

/** Okabe and Ito's colours, which people with any colour vision can tell apart. */
const colours = ['#000000', '#999999', '#009e73', '#56b4e9', '#e69f00', '#d55e00', '#cc79a7'];
const panelWidth = 300;
const panelHeight = 260;
const margin = { left: 56, top: 64, right: 16, bottom: 40 };
const legendHeight = 28;

export function svg(plot: Plot): string {
  const names = [...new Set(plot.panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  const colourOf = (name: string): string => colours[names.indexOf(name) % colours.length]!;
  const scale = scaleOf(plot.panels.flatMap(({ series }) => series.flatMap(({ values }) => values)));
  const width = plot.panels.length * (panelWidth + margin.left + margin.right);
  const height = margin.top + panelHeight + margin.bottom + legendHeight;
  const panels = plot.panels.map((panel, index) => {
    const left = index * (panelWidth + margin.left + margin.right) + margin.left;
    return `<g transform="translate(${left} ${margin.top})">${drawn(panel, plot.places, scale, colourOf)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escaped(plot.title)}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    text(margin.left, 24, plot.title, 'font-size="16"'),
    text(margin.left, 42, plot.unit, 'fill="#555555"'),
    ...panels,
    ...legend(names, colourOf, height - 12),
    '</svg>',
    '',
  ].join('\n');
}

interface Scale {
  readonly ticks: readonly number[];
  readonly y: (value: number) => number;
}

/** From a power of ten below everything to one above it. */
export function scaleOf(values: readonly (number | undefined)[]): Scale {
  const known = values.filter((value) => value !== undefined && value > 0) as number[];
  const low = known.length > 0 ? Math.floor(Math.log10(Math.min(...known))) : 0;
  const high = Math.max(low + 1, known.length > 0 ? Math.ceil(Math.log10(Math.max(...known))) : 1);
  return {
    ticks: Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step)),
    y: (value) => round(panelHeight * (1 - (Math.log10(value) - low) / (high - low))),
  };
}

function drawn(panel: Panel, places: readonly string[], scale: Scale, colourOf: (name: string) => string): string {
  const x = (place: number): number => round((panelWidth * (place + 0.5)) / places.length);
  const grid = scale.ticks.flatMap((tick) => [
    `<line x1="0" x2="${panelWidth}" y1="${scale.y(tick)}" y2="${scale.y(tick)}" stroke="#dddddd"/>`,
    text(-6, scale.y(tick) + 4, tick.toLocaleString('en-US'), 'text-anchor="end" fill="#555555"'),
  ]);
  const below = places.map((place, index) => text(x(index), panelHeight + 18, place, 'text-anchor="middle"'));
  const lines = panel.series.map(({ name, values }) => {
    const points = values.flatMap((value, place) =>
      value === undefined || value <= 0 ? [] : [{ x: x(place), y: scale.y(value) }],
    );
    const dots = points.map((point) => `<circle cx="${point.x}" cy="${point.y}" r="3" fill="${colourOf(name)}"/>`);
    const path = points.map((point) => `${point.x},${point.y}`).join(' ');
    return `<polyline points="${path}" fill="none" stroke="${colourOf(name)}" stroke-width="2"/>${dots.join('')}`;
  });
  return [text(0, -8, panel.title, 'font-weight="bold"'), ...grid, ...below, ...lines].join('');
}

function legend(names: readonly string[], colourOf: (name: string) => string, y: number): string[] {
  let x = margin.left;
  return names.map((name) => {
    const entry = `<rect x="${x}" y="${y - 9}" width="10" height="10" fill="${colourOf(name)}"/>${text(x + 15, y, name, '')}`;
    x += 35 + name.length * 7;
    return entry;
  });
}

const text = (x: number, y: number, content: string, attributes: string): string =>
  `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`;

const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const round = (value: number): number => Math.round(value * 10) / 10;
