// What 1,000, 10,000 and 100,000 events a second would take, computed from what the other sections of RESULTS.md measured. It is made
// anew whenever one of them is written. Nothing here was measured at these rates: each line says what it rests on.
import { figure, line, type Line } from './figures.ts';
import { table, type Row } from './table.ts';

/** What is taken from the other sections. */
export interface Inputs {
  /** CPU of one event. */
  readonly ingressMicros: number;
  readonly projectionMicros: Readonly<Record<string, number>>;
  /** Far behind, in batches of thousands. */
  readonly clickhouseBulkMicros: number;
  /** Cores by events a second while all are shown at once. */
  readonly clickhouseLive: Line;
  readonly brokerMicros: number;
  readonly serviceMb: number;
  readonly ingressMb: number;
  readonly kafkaBytes: number;
  readonly clickhouseBytes: number;
}

const sectionOf = (document: string, part: string): string => new RegExp(`<!-- ${part} -->([^]*?)<!-- end of ${part} -->`).exec(document)?.[1] ?? '';

/** Rows of the first table of a section that has this column. @throws Error when there is none: what was measured has another form now. */
export function rowsIn(document: string, part: string, column: string): Row[] {
  const section = sectionOf(document, part);
  const cellsOf = (text: string): string[] => text.split('|').slice(1, -1).map((cell) => cell.trim());
  for (const block of section.split(/\n\n+/)) {
    const [head = '', , ...lines] = block.trim().split('\n').filter((text) => text.startsWith('|'));
    const names = cellsOf(head);
    if (names.includes(column)) return lines.map((text) => Object.fromEntries(cellsOf(text).map((cell, index) => [names[index] ?? '', cell])));
  }
  throw new Error(`RESULTS.md: no table of the section "${part}" has a column "${column}"`);
}

/** `1,234 (1,100–1,300)` is 1234. */
export function numberIn(cell: string | undefined): number {
  const value = Number(/^-?[\d.,]+/.exec(cell ?? '')?.[0].replaceAll(',', ''));
  if (Number.isNaN(value)) throw new Error(`RESULTS.md: "${cell ?? ''}" is no number`);
  return value;
}

function firstOf(rows: readonly Row[], column: string, begins: string): Row {
  const found = rows.find((row) => row[column]?.startsWith(begins) === true);
  if (found === undefined) throw new Error(`RESULTS.md: no row has "${begins}…" in the column "${column}"`);
  return found;
}

const projections = ['queue-analytics', 'agent-analytics', 'event-archive'];

export function inputsOf(document: string): Inputs {
  const door = firstOf(rowsIn(document, 'ingress', 'CPU µs/event'), 'receiver', 'ingress ');
  const [behind = {}] = rowsIn(document, 'catch-up', 'CPU s clickhouse');
  const events = numberIn(/\n([\d,]+) events in six partitions/.exec(sectionOf(document, 'catch-up'))?.[1]);
  const micros = (name: string): number => (1e6 * numberIn(behind[`CPU s ${name}`])) / events;
  const [first, ...others] = rowsIn(document, 'live', 'ClickHouse CPU ms/event').filter((row) => numberIn(row['events/s']) >= 10);
  const live = [first ?? {}, ...others.filter((row) => row['of'] === first?.['of'])].map((row) => ({ x: numberIn(row['events/s']), y: (numberIn(row['events/s']) * numberIn(row['ClickHouse CPU ms/event'])) / 1_000 }));
  const disk = rowsIn(document, 'cluster', 'bytes/event');
  return {
    ingressMicros: numberIn(door['CPU µs/event']), ingressMb: numberIn(door['peak MB']),
    projectionMicros: Object.fromEntries(projections.map((name) => [name, micros(name)])), clickhouseBulkMicros: micros('clickhouse'), serviceMb: numberIn(behind['peak MB of a service']),
    clickhouseLive: line(live),
    brokerMicros: Math.max(...rowsIn(document, 'cluster', 'brokers').map((row) => numberIn(row['brokers']))),
    kafkaBytes: numberIn(firstOf(disk, 'where', 'Kafka')['bytes/event']),
    clickhouseBytes: disk.filter((row) => row['where'] !== 'Kafka').reduce((sum, row) => sum + numberIn(row['bytes/event']), 0),
  };
}

/** What isn't measured: chosen here, once. */
export const assumed = {
  /** Of a core, so that a peak or a lost neighbour finds room. */
  busy: 0.6,
  kafkaReplicas: 3, clickhouseReplicas: 2,
  coresOfAServer: 16,
  /** What a ClickHouse server has beside each core; queries take it. */
  clickhouseGbPerCore: 4, brokerGb: 6,
  dollarsPerCoreMonth: 30, dollarsPerGbMonth: 3, dollarsPerDiskGbMonth: 0.1,
} as const;

export interface Scale {
  readonly perSecond: number;
  readonly ingresses: number;
  /** Of each projection. */
  readonly processes: number;
  readonly partitions: number;
  readonly serviceCores: number;
  readonly brokerCores: number;
  readonly clickhouseCores: number;
  readonly shards: number;
  readonly memoryGb: number;
  readonly kafkaGbADay: number;
  readonly clickhouseGbADay: number;
  readonly dollarsAMonth: number;
  /** For each month that is kept. */
  readonly diskDollars: number;
}

const atLeast = (least: number, value: number): number => Math.max(least, Math.ceil(value));
const GB = 1e9;

export function scaleTo(perSecond: number, inputs: Inputs): Scale {
  const { busy, kafkaReplicas, clickhouseReplicas, coresOfAServer } = assumed;
  const cores = (micros: number): number => (perSecond * micros) / 1e6 / busy;
  const ingresses = atLeast(2, cores(inputs.ingressMicros));
  const busiest = Math.max(...Object.values(inputs.projectionMicros));
  const processes = atLeast(2, cores(busiest));
  const serviceCores = cores(inputs.ingressMicros) + Object.values(inputs.projectionMicros).reduce((sum, micros) => sum + cores(micros), 0);
  // Each replica merges, and one of them answers.
  const clickhouseCores = (clickhouseReplicas * (inputs.clickhouseLive.at0 + inputs.clickhouseLive.slope * perSecond)) / busy;
  const shards = atLeast(1, clickhouseCores / clickhouseReplicas / coresOfAServer);
  const brokerCores = cores(inputs.brokerMicros);
  const memoryGb = (ingresses * inputs.ingressMb + projections.length * processes * inputs.serviceMb) / 1_000 + clickhouseCores * assumed.clickhouseGbPerCore + kafkaReplicas * assumed.brokerGb;
  const day = perSecond * 86_400;
  const [kafkaGbADay, clickhouseGbADay] = [(day * inputs.kafkaBytes * kafkaReplicas) / GB, (day * inputs.clickhouseBytes * clickhouseReplicas) / GB];
  return {
    perSecond, ingresses, processes, partitions: atLeast(24, Math.ceil((2 * processes) / 12) * 12), serviceCores, brokerCores, clickhouseCores, shards, memoryGb, kafkaGbADay, clickhouseGbADay,
    dollarsAMonth: (serviceCores + brokerCores + clickhouseCores) * assumed.dollarsPerCoreMonth + memoryGb * assumed.dollarsPerGbMonth,
    diskDollars: 30 * (kafkaGbADay + clickhouseGbADay) * assumed.dollarsPerDiskGbMonth,
  };
}

const rowOf = (scale: Scale): Row => ({
  'events/s': figure(scale.perSecond), ingresses: String(scale.ingresses), 'processes of each projection': String(scale.processes), partitions: String(scale.partitions),
  'cores: services': figure(scale.serviceCores), brokers: figure(scale.brokerCores), ClickHouse: figure(scale.clickhouseCores), shards: String(scale.shards), 'memory GB': figure(scale.memoryGb),
  'Kafka GB a day': figure(scale.kafkaGbADay), 'ClickHouse GB a day': figure(scale.clickhouseGbADay), '$ a month': figure(scale.dollarsAMonth), '$ a month more for each month kept': figure(scale.diskDollars),
});

export function arithmeticOf(document: string): string {
  const inputs = inputsOf(document);
  const scales = [1_000, 10_000, 100_000].map((perSecond) => scaleTo(perSecond, inputs));
  const [, ten, most] = scales;
  const sum = Object.values(inputs.projectionMicros).reduce((total, micros) => total + micros, 0);
  return `## Arithmetic: to 1,000, 10,000 and 100,000 events a second

Computed from the sections above, not measured; made anew with each of them (\`npm run bench -- arithmetic\`). Rates all day long: a desk's own day is about a third of that.

${table(scales.map(rowOf))}

| rests on | |
| --- | --- |
| ingress ${figure(inputs.ingressMicros)} µs of CPU an event, ${figure(inputs.ingressMb)} MB | section ingress |
| the three projections ${figure(sum)} µs together, ${figure(inputs.serviceMb)} MB each; ClickHouse ${figure(inputs.clickhouseBulkMicros)} µs when far behind | section catch-up |
| ClickHouse ${inputs.clickhouseLive.at0.toFixed(2)} cores + ${(inputs.clickhouseLive.slope * 1_000).toFixed(2)} ms an event while every event is shown at once, a straight line through 10 to 1,000 events/s | section live |
| three brokers ${figure(inputs.brokerMicros)} µs an event together; ${figure(inputs.kafkaBytes)} bytes in the log and ${figure(inputs.clickhouseBytes)} in ClickHouse, of one replica | section cluster |
| cores ${100 * assumed.busy} % busy at most; ${assumed.kafkaReplicas} replicas in Kafka, ${assumed.clickhouseReplicas} in ClickHouse, each of which is counted as if it did all the work; servers of ${assumed.coresOfAServer} cores; ${assumed.clickhouseGbPerCore} GB a core for ClickHouse and its queries, ${assumed.brokerGb} GB a broker; nobody's questions | assumed |
| $ ${assumed.dollarsPerCoreMonth} a core and month, ${assumed.dollarsPerGbMonth} a GB of memory, ${assumed.dollarsPerDiskGbMonth} a GB of disk; no traffic between zones | assumed |

**What breaks first.** The bill for disks, at any of these rates: a month that is kept costs ${figure((ten?.diskDollars ?? 0) / (ten?.dollarsAMonth ?? 1))} times what all the computing does at 10,000 events/s. The log is kept for ever unless its
topic is told otherwise, the archive holds every word, and both are replicated; tiered storage and codecs are where to begin.

Then freshness, in ClickHouse: a flush reads and writes each ticket that it touched, whatever else is batched, so an event costs it ${figure(inputs.clickhouseLive.slope * 1e6)} µs while all is shown at once
and ${figure(inputs.clickhouseBulkMicros)} when far behind. One server of ${assumed.coresOfAServer} cores has its share at about ${figure((assumed.coresOfAServer * assumed.busy - inputs.clickhouseLive.at0) / inputs.clickhouseLive.slope)} events/s. Beyond, projections fall behind and go on in batches, right and
minutes late, until there are more shards. At 100,000 a flush asks all ${String(most?.shards ?? 0)} of them, and the door is ${String(most?.ingresses ?? 0)} processes, which have never run together. Partitions (${String(most?.partitions ?? 0)}) must have been
there from the first event on: [more of them later](../../schemas/docs/subscribe-a-consumer.md#more-partitions) keep the numbers right and lose a ticket's order for a while.

Where it is kind to us: projections are counted by what they take far behind, in large batches; ClickHouse by a line that is drawn ${figure((most?.perSecond ?? 0) / 1_000)} times further than it was measured.
`;
}
