import { startStack } from '../infra/local/stack.ts';
import { newDataFolder } from './system/data-folder.ts';
import { freePorts } from './system/free-ports.ts';
import { ensureTopics } from '../services/runtime/kafka/admin.ts';
import { connectProducer } from '../services/runtime/kafka/producer.ts';
import { createLogger } from '../services/runtime/logger.ts';
import { keyRecord } from '../services/runtime/personal/key-records.ts';
import { newKey } from '../services/runtime/personal/sealed.ts';
import { followKeys } from '../services/runtime/personal/keys.ts';
const dataDir = await newDataFolder();
const [kafka = 0, kafkaController = 0] = await freePorts(2);
const stack = await startStack({ dataDir, only: ['kafka'], ports: { kafka, kafkaController } });
try {
  const connection = { brokers: [stack.kafkaBrokers], clientId: 'keys-bench', logger: createLogger('x', 'error') };
  const topic = 'crm.production.keys';
  await ensureTopics(connection, [{ name: topic, partitions: 1, replicas: 1, config: { 'cleanup.policy': 'compact' } }]);
  const producer = await connectProducer(connection, [topic]);
  for (const total of [100_000, 400_000]) {
    const begun = performance.now();
    for (let i = 0; i < total; i += 5000) await Promise.all(Array.from({ length: 5000 }, (_, n) => producer.append(topic, keyRecord(newKey(), { integrationId: 'parcelhaus', subject: (i + n) % 3 ? `ticket/TKT-${((i + n) * 2654435761 >>> 0).toString(36)}` : `customer/${4503599627370495 + i + n}` }, new Date()))));
    console.log('written', total, Math.round(performance.now() - begun));
    for (let round = 0; round < 2; round++) {
      (globalThis as any).gc?.();
      const before = process.memoryUsage().rss; const cpu = process.cpuUsage(); const t = performance.now();
      const keys = await followKeys(connection, 'production');
      const c = process.cpuUsage(cpu);
      console.log({ keys: keys.ring.next, seconds: (performance.now() - t) / 1000, cpuSeconds: (c.user + c.system) / 1e6, rssMb: (process.memoryUsage().rss - before) / 1e6 });
      await keys.stop();
    }
  }
  await producer.close();
} finally { await stack.stop(); }
