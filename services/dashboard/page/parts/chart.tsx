// Lines over time, or over durations, drawn by uPlot; behind each the table that it is drawn from, for eyes and screen readers
// that want numbers.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Answer } from '../api.ts';
import { useDesk } from '../desk.ts';
import { duration, shortDuration, time } from '../format.ts';
import { t } from '../texts/text.ts';
import { Rows } from './rows.tsx';

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A colour of style.css. */
  readonly colour: string;
  readonly kind?: 'line' | 'bars' | 'steps' | 'dashed';
}

interface ChartProps {
  readonly title: string;
  readonly answer: Answer;
  /** Seconds: instants, or durations. */
  readonly x: readonly number[];
  readonly over?: 'time' | 'duration';
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** An instant to mark. */
  readonly mark?: number | null;
  readonly height?: number;
}

const DAY = 86_400;
/** Steps of an axis of durations: whole minutes, hours and days. */
const STEPS = [1, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 2 * 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 84 * DAY];
const DURATIONS = [60, 600, 3_600, 6 * 3_600, DAY, 3 * DAY, 7 * DAY, 30 * DAY, 90 * DAY].map(Math.log10);
/** Durations lie on a scale of logarithms: minutes and weeks are both to be seen. */
const seconds = (logarithm: number): number => Math.round(10 ** logarithm);

const colourOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Changes with the theme, since a canvas doesn't. */
function useTheme(): string {
  const [theme, setTheme] = useState('');
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const look = (): void => setTheme(`${document.documentElement.dataset['theme'] ?? ''}${dark.matches}`);
    const watch = new MutationObserver(look);
    watch.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    dark.addEventListener('change', look);
    return () => {
      watch.disconnect();
      dark.removeEventListener('change', look);
    };
  }, []);
  return theme;
}

function seriesOf({ label, colour, kind = 'line' }: Line, format: ChartProps['format']): uPlot.Series {
  const { bars, stepped } = uPlot.paths;
  const paths = kind === 'bars' ? bars?.({ size: [0.7, 60] }) : kind === 'steps' ? stepped?.({ align: 1 }) : undefined;
  return {
    label, stroke: colourOf(colour), width: kind === 'bars' ? 0 : 2, points: { show: false },
    ...(kind === 'bars' ? { fill: `${colourOf(colour)}b0` } : {}), ...(kind === 'dashed' ? { dash: [5, 4] } : {}),
    ...(paths === undefined ? {} : { paths }),
    value: (_plot, value: number | null) => (value === null ? '–' : format(value)),
  };
}

function axesOf({ over = 'time', format }: ChartProps, zone: string): uPlot.Axis[] {
  const look = { stroke: colourOf('muted'), grid: { stroke: colourOf('line'), width: 1 }, ticks: { show: false }, font: '12px system-ui' };
  const dayOrTime = (at: number, step: number): string => time(at * 1_000, zone, step >= DAY ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit' });
  const along: uPlot.Axis = over === 'time'
    ? { ...look, size: 30, values: (_plot, splits) => splits.map((at) => dayOrTime(at, (splits[1] ?? at) - (splits[0] ?? at))) }
    : { ...look, size: 30, splits: (plot) => DURATIONS.filter((at) => at >= (plot.scales['x']?.min ?? 0) && at <= (plot.scales['x']?.max ?? 0)), values: (_plot, splits) => splits.map((at) => shortDuration(seconds(at))) };
  // As wide as its longest text, which isn't known at first: durations are long.
  return [along, { ...look, ...(format === duration ? { incrs: STEPS } : {}), size: (_plot, values: readonly string[] | null) => 20 + 7 * Math.max(4, ...(values ?? []).map((value) => value.length)), values: (_plot, splits) => splits.map((value) => format(value)) }];
}

function marked(mark: number): uPlot.Plugin {
  return { hooks: { draw: (plot) => {
    const at = Math.round(plot.valToPos(mark, 'x', true));
    plot.ctx.fillStyle = colourOf('bad');
    plot.ctx.fillRect(at, plot.bbox.top, 2, plot.bbox.height);
  } } };
}

/** Half a step at both ends, or the first and the last bar would be cut in half. */
const withRoom = (x: readonly number[]) => (_plot: uPlot, min: number, max: number): [number, number] => {
  const half = x.length > 1 ? ((x.at(-1) ?? 0) - (x[0] ?? 0)) / (x.length - 1) / 2 : DAY / 2;
  return [min - half, max + half];
};

function optionsOf(props: ChartProps, zone: string, width: number): uPlot.Options {
  const { over = 'time', lines, format, mark = null, height = 210 } = props;
  return {
    width, height, axes: axesOf(props, zone), cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    tzDate: (at) => uPlot.tzDate(new Date(at * 1_000), zone),
    scales: { x: { time: over === 'time', ...(lines.some(({ kind }) => kind === 'bars') ? { range: withRoom(props.x) } : {}) }, y: { range: (_plot, _min, max) => [0, (max || 1) * 1.06] } },
    series: [{ label: t(over === 'time' ? 'time' : 'age'), value: (_plot, at: number | null) => (at === null ? '–' : over === 'time' ? time(at * 1_000, zone) : duration(seconds(at))) }, ...lines.map((line) => seriesOf(line, format))],
    plugins: mark === null ? [] : [marked(mark)],
  };
}

export function Chart(props: ChartProps): JSX.Element {
  const { title, answer, x, lines, over = 'time' } = props;
  const { zone } = useDesk();
  const theme = useTheme();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    const plot = new uPlot(optionsOf(props, zone, current.clientWidth), [over === 'time' ? [...x] : x.map(Math.log10), ...lines.map(({ values }) => [...values])] as uPlot.AlignedData, current);
    const watch = new ResizeObserver(() => plot.setSize({ width: current.clientWidth, height: plot.height }));
    watch.observe(current);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [answer, theme, zone, props.mark]);
  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={title} />
      <details><summary>{t('table_behind')}</summary><Rows answer={answer} caption={title} /></details>
    </figure>
  );
}
