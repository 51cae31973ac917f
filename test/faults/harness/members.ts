// The broker keeps a dead or frozen member in its group until its session ends, 10 s later. This says goodbye in its name, so
// that a test of two hundred kills need not wait two hundred times; what follows is the same as after those 10 s.
import { connect } from 'node:net';
import { once } from 'node:events';
import { connectKafka, type KafkaConnection } from '../../../services/runtime/kafka/admin.ts';

const LEAVE_GROUP = 13;

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** LeaveGroup, version 0, of a client without a name. */
function leaveGroup(group: string, member: string): Buffer {
  const head = Buffer.alloc(10);
  head.writeInt16BE(LEAVE_GROUP, 0);
  head.writeInt32BE(1, 4);
  head.writeInt16BE(-1, 8);
  const request = Buffer.concat([head, text(group), text(member)]);
  const size = Buffer.alloc(4);
  size.writeInt32BE(request.length);
  return Buffer.concat([size, request]);
}

async function ask({ brokers }: KafkaConnection, request: Buffer): Promise<void> {
  const [host = '', port = ''] = (brokers[0] ?? '').split(':');
  const socket = connect({ host, port: Number(port) });
  socket.write(request);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  const error = answer.readInt16BE(8);
  if (error !== 0) throw new Error(`Kafka did not let the member leave: error ${error}`);
}

/** Takes all present members out of a group: for when they are dead or frozen. */
export async function forgetMembers(connection: KafkaConnection, group: string): Promise<void> {
  const admin = connectKafka(connection).admin();
  await admin.connect();
  try {
    const { groups } = await admin.describeGroups([group]);
    for (const { memberId } of groups[0]?.members ?? []) await ask(connection, leaveGroup(group, memberId));
  } finally {
    await admin.disconnect();
  }
}
