// Two ingresses behind a load balancer that follows their readiness; one after the other is stopped by SIGTERM and started again.
import { setTimeout as sleep } from 'node:timers/promises';
import { Balancer } from '../harness/balancer.ts';
import { defineFault } from '../harness/fault.ts';

let balancer: Balancer | null = null;

export default defineFault({
  id: 'F8',
  title: 'a rolling restart: of two ingresses behind a load balancer, one after the other gets SIGTERM under load, and no request is refused',
  times: { small: 2, full: 50 },
  perSecond: 50,
  recovers: false,
  prepare: async ({ stack, aim }) => {
    const second = stack.add('ingress-2', { main: 'ingress' });
    await second.start();
    balancer = await Balancer.open([stack.get('ingress').url, second.url]);
    aim(balancer.url);
  },
  inject: async ({ stack, fail }, turn) => {
    const service = stack.get(turn % 2 === 0 ? 'ingress' : 'ingress-2');
    const code = await service.stop();
    if (code !== 0) fail('I9', `${service.name} did not stop in order: code ${code ?? 'none'}`);
    await service.start();
    // Until the balancer has asked it.
    await sleep(500);
  },
  finish: async ({ stack, aim, requests, fail, note }) => {
    aim(stack.door);
    await balancer?.close();
    await stack.remove('ingress-2');
    const refused = requests().filter(({ outcome }) => outcome !== 'ok');
    const noes = (balancer?.noes ?? []).filter((text) => !text.includes('stopping') && text !== 'gone');
    if (noes.length > 0) note(`not ready without being stopped: ${noes.join(' ')}`);
    if (refused.length > 0) fail('I9', `requests that were not answered 2xx during a rolling restart: ${[...new Set(refused.map(({ status, said }) => `${status} ${said}`))].join(', ')}`, refused.map(({ event }) => event.eventId));
    const repeated = requests().filter(({ said }) => said === 'duplicate');
    if (repeated.length > 0) fail('I3', 'events that had to be sent twice', repeated.map(({ event }) => event.eventId));
  },
});
