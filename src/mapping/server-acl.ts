// Which homeservers may take part in a room. https://spec.matrix.org/v1.19/client-server-api/#server-access-control-lists-acls-for-rooms
import { serverNameOf, type MatrixUserId } from '../domain/ids.ts';
import type { StateEvent } from '../domain/matrix.ts';

interface Accounts {
  readonly userId: MatrixUserId;
  readonly formerUserIds: readonly MatrixUserId[];
}

/** `all`, or their names, which may have a port. */
export type AllowedServers = 'all' | ReadonlySet<string>;

/** An IPv4 address, or an IPv6 address in brackets. https://spec.matrix.org/v1.19/appendices/#server-name */
const IP_LITERAL = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\])$/;
/** The grammar of server names has no `*` and no `?`, which would stand for many servers. */
const SERVER_NAME = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;
const PORT = /:\d{1,5}$/;

/**
 * The servers of a room: those that the operator trusts, and those of the people whom FHIR has in the room.
 * @param actual the room as it is: former accounts count as long as they are there
 */
export function serversOfRoom(
  trusted: ReadonlySet<string>,
  members: readonly Accounts[],
  actual: readonly StateEvent[],
): ReadonlySet<string> {
  const present = new Set<string>(
    actual
      .filter(({ type, content }) => type === 'm.room.member' && content['membership'] === 'join')
      .map(({ state_key: userId }) => userId),
  );
  const accounts = members.flatMap(({ userId, formerUserIds }): readonly MatrixUserId[] => [
    userId,
    ...formerUserIds.filter((former) => present.has(former)),
  ]);
  return new Set([...trusted, ...accounts.map(serverNameOf)]);
}

/**
 * The content of `m.room.server_acl`. Servers are named without their ports, by which homeservers compare; and with them, or Synapse
 * would refuse a list without its own whole name.
 */
export function serverAcl(servers: AllowedServers): StateEvent['content'] {
  if (servers === 'all') return { allow: ['*'], allow_ip_literals: true, deny: [] };
  const names = [...servers].filter((server) => SERVER_NAME.test(server));
  const hosts = names.map((server) => server.replace(PORT, ''));
  const literals = hosts.some((host) => IP_LITERAL.test(host));
  return { allow: [...new Set([...hosts, ...names])].sort(), allow_ip_literals: literals, deny: [] };
}

/** Whether the content keeps no server out, as if there were no such event. */
export function letsAllIn({ allow, deny, allow_ip_literals: literals }: StateEvent['content']): boolean {
  const names: readonly unknown[] = Array.isArray(allow) ? allow : [];
  const kept: readonly unknown[] = Array.isArray(deny) ? deny : [];
  return names.includes('*') && kept.length === 0 && literals !== false;
}
