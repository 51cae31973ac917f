// Whether the service in this container is ready, as its own health port says: exit code 0 or 1. JavaScript, since it runs every few seconds.
import process from 'node:process';

const { HEALTH_PORT, INGRESS_HEALTH_PORT } = process.env;
// The dashboard's own port is its health port, too.
const ports = new Set([HEALTH_PORT, INGRESS_HEALTH_PORT].filter((port) => port !== undefined && port !== ''));
const asked = await Promise.all([...ports].map((port) => globalThis.fetch(`http://127.0.0.1:${port}/health/ready`, { signal: globalThis.AbortSignal.timeout(4_000) }).then(({ ok }) => ok, () => false)));
process.exitCode = asked.includes(true) ? 0 : 1;
