// Metrics of several processes of one service, as one page: whoever asks any of them gets the sums. The process asks the one that
// started it, which asks them all. prom-client's own way waits five seconds and then fails while one of them is starting.
import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, Registry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

type Metrics = MetricObjectWithValues<MetricValue<string>>[];

type Message =
  | { readonly metrics: 'here' }
  | { readonly metrics: 'page wanted' | 'wanted'; readonly id: number }
  | { readonly metrics: 'page'; readonly id: number; readonly page: string }
  | { readonly metrics: 'told'; readonly id: number; readonly told: Metrics };

/** Of a process that does not answer, nothing is told. */
const ANSWERS_WITHIN_MS = 1_000;

const isMessage = (message: unknown): message is Message => typeof message === 'object' && message !== null && 'metrics' in message;

/** Questions to another process, each answered once or not at all. */
class Questions<Answer> {
  readonly #open = new Map<number, (answer: Answer) => void>();
  #last = 0;

  ask(put: (id: number) => void, otherwise: Answer): Promise<Answer> {
    const id = ++this.#last;
    return new Promise<Answer>((resolve) => {
      const timer = setTimeout(() => this.answer(id, otherwise), ANSWERS_WITHIN_MS);
      this.#open.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      put(id);
    });
  }

  answer(id: number, answer: Answer): void {
    this.#open.get(id)?.(answer);
    this.#open.delete(id);
  }
}

/** Of one of the processes; its page is that of all. */
class SharedRegistry extends Registry {
  readonly #pages = new Questions<string | null>();

  constructor() {
    super();
    process.send?.({ metrics: 'here' } satisfies Message);
    process.on('message', (message) => {
      if (!isMessage(message)) return;
      if (message.metrics === 'page') this.#pages.answer(message.id, message.page);
      if (message.metrics === 'wanted') void this.getMetricsAsJSON().then((told) => process.send?.({ metrics: 'told', id: message.id, told } satisfies Message));
    });
  }

  override async metrics(): Promise<string> {
    const page = await this.#pages.ask((id) => process.send?.({ metrics: 'page wanted', id } satisfies Message), null);
    return page ?? super.metrics();
  }
}

export const createRegistry = (): Registry => (cluster.isWorker ? new SharedRegistry() : new Registry());

/** In the process that started the others: puts their pages together. */
export function gatherMetrics(): void {
  const here = new Set<Worker>();
  const questions = new Questions<Metrics>();
  const page = async (): Promise<string> => {
    const all = await Promise.all([...here].map((worker) => questions.ask((id) => worker.send({ metrics: 'wanted', id } satisfies Message), [])));
    return AggregatorRegistry.aggregate(all).metrics();
  };
  cluster.on('exit', (worker) => here.delete(worker));
  cluster.on('message', (worker, message: unknown) => {
    if (!isMessage(message)) return;
    if (message.metrics === 'here') here.add(worker);
    if (message.metrics === 'told') questions.answer(message.id, message.told);
    if (message.metrics !== 'page wanted') return;
    const { id } = message;
    void page().then((text) => worker.isConnected() && worker.send({ metrics: 'page', id, page: text } satisfies Message));
  });
}
