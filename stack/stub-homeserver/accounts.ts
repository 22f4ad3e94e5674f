// Accounts: registration of ghosts, their devices and profiles.
import type { Call, Reply } from './requests.ts';
import { ok, param } from './requests.ts';
import { MatrixFailure } from './failure.ts';
import { changeMembership, profileOf } from './membership.ts';
import type { User } from './world.ts';
import { addUser } from './world.ts';

/** `POST /register` of an appservice that makes no logins (MSC4190). */
export function register({ world, appservice, requester, body }: Call): Reply {
  const userId = `@${String(body['username'])}:${world.serverName}`;
  if (!requester.isAppservice || body['type'] !== 'm.login.application_service')
    throw new MatrixFailure(403, 'M_FORBIDDEN', 'Registration is for appservices only');
  if (!appservice.isOwnUser(userId))
    throw new MatrixFailure(400, 'M_EXCLUSIVE', 'The appservice has not reserved this user');
  if (body['inhibit_login'] !== true)
    throw new MatrixFailure(400, 'M_APPSERVICE_LOGIN_UNSUPPORTED', 'inhibit_login must be true');
  if (world.users.has(userId)) throw new MatrixFailure(400, 'M_USER_IN_USE', 'User ID already taken.');
  addUser(world, userId);
  return ok({ user_id: userId, home_server: world.serverName });
}

/** `PUT /devices/{deviceId}`: 201 for a new one. */
export function putDevice(call: Call): Reply {
  const { devices } = ownAccount(call);
  const deviceId = param(call, 'deviceId');
  const isNew = !devices.has(deviceId);
  const { display_name: name } = call.body;
  devices.set(deviceId, typeof name === 'string' ? name : devices.get(deviceId));
  return { status: isNew ? 201 : 200, body: {} };
}

/** `GET /account/whoami` */
export function whoami({ requester: { userId, deviceId } }: Call): Reply {
  return ok({ user_id: userId, is_guest: false, ...(deviceId !== undefined && { device_id: deviceId }) });
}

/** `GET /profile/{userId}` */
export function readProfile(call: Call): Reply {
  return ok(profileOf(call.world, accountNamed(call).userId));
}

/** `GET /profile/{userId}/{field}` */
export function readProfileField(call: Call): Reply {
  const profile = profileOf(call.world, accountNamed(call).userId);
  const field = param(call, 'field');
  return ok(field in profile ? { [field]: profile[field] } : {});
}

/** `PUT /profile/{userId}/{field}`: members' events in all rooms follow. */
export function putProfileField(call: Call): Reply {
  const { world, requester, body } = call;
  if (param(call, 'userId') !== requester.userId)
    throw new MatrixFailure(400, 'M_FORBIDDEN', 'That is the profile of another user');
  const user = ownAccount(call);
  const field = param(call, 'field');
  const value = body[field];
  if (typeof value !== 'string') throw new MatrixFailure(400, 'M_MISSING_PARAM', `Missing ${field}`);
  const given = value === '' ? undefined : value;
  if (field === 'displayname') user.displayName = given;
  else if (field === 'avatar_url') user.avatarUrl = given;
  else throw new MatrixFailure(404, 'M_UNRECOGNIZED', 'Unrecognized request');
  for (const [roomId, { membership }] of [...user.rooms]) {
    if (membership === 'join')
      changeMembership(world, roomId, { sender: user.userId, target: user.userId, action: 'join' });
  }
  return ok();
}

/** `PUT /user/{userId}/account_data/{type}` */
export function putAccountData(call: Call): Reply {
  ownAccount(call).accountData.set(param(call, 'type'), call.body);
  return ok();
}

/** `GET /user/{userId}/account_data/{type}` */
export function readAccountData(call: Call): Reply {
  const content = ownAccount(call).accountData.get(param(call, 'type'));
  if (content === undefined) throw new MatrixFailure(404, 'M_NOT_FOUND', 'Account data not found');
  return ok(content);
}

function ownAccount({ world, requester }: Call): User {
  const user = world.users.get(requester.userId);
  if (user === undefined) throw new MatrixFailure(404, 'M_NOT_FOUND', 'No such user');
  return user;
}

function accountNamed(call: Call): User {
  const user = call.world.users.get(param(call, 'userId'));
  if (user === undefined) throw new MatrixFailure(404, 'M_NOT_FOUND', 'Profile was not found');
  return user;
}
