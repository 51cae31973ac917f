import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F1',
  title: 'the ingress is killed (kill -9) at any moment under load',
  times: { small: 2, full: 50 },
  perSecond: 60,
  inject: ({ stack }) => stack.get('ingress').kill('SIGKILL'),
});
