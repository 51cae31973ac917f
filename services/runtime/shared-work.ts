// Work that anybody can ask for and that costs something: a page of metrics, a question to Kafka.
// Those who ask meanwhile share one run, and beyond a number of runs a second they get the last
// result. So its cost is bounded whoever asks, and who asks now and then gets a fresh one.

export function shared<T>(runsPerSecond: number, work: () => Promise<T>): () => Promise<T> {
  let latest: Promise<T> | null = null;
  let running = false;
  let secondBegan = -Infinity;
  let runs = 0;
  return () => {
    const now = performance.now();
    if (now - secondBegan >= 1_000) [secondBegan, runs] = [now, 0];
    if (latest !== null && (running || runs >= runsPerSecond)) return latest;
    runs += 1;
    running = true;
    latest = work().finally(() => {
      running = false;
    });
    return latest;
  };
}
