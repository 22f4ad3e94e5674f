// What the bridge says to people, in English.
import type { FileRefusal } from '../../domain/files.ts';
import type { Texts } from './texts.ts';

const OPERATOR_TOLD = 'The operator has been told';

const FILE_REFUSED: Readonly<Record<FileRefusal, string>> = {
  'too-large': 'it is too large',
  'type-not-allowed': 'files of this type are not allowed',
  infected: 'malware was found in it',
  'not-scanned': 'it could not be checked for malware',
  'address-not-allowed': 'its address is not allowed',
  unreachable: 'it could not be fetched',
  gone: 'it is not there any more',
  encrypted: 'it is encrypted',
};

/** The texts. */
export const en: Texts = {
  states: {
    'unmapped-sender':
      'Your messages are recorded under your Matrix address, because the care platform does not know who you are. ' +
      'Ask the care team to add your Matrix address to your entry.',
    'sender-held':
      'Your messages wait, because the care platform does not know who you are. They are recorded as soon as the care ' +
      'team has added your Matrix address to your entry.',
    'needs-power':
      'This room is not a conversation of the care team yet, and what is said here is not recorded. Please give this account ' +
      'the level of an administrator (100), so that it can keep the room in order: then it becomes one.',
    'upgrade-not-followed':
      'The care team stays in this room, because its care platform does not let you move it to another. What is said here ' +
      'is recorded as before. Please ask a lead of the team to upgrade the room.',
    'room-replaced':
      'This conversation goes on in the room that took the place of this one. What is said here is not recorded any more.',
    'room-encrypted':
      'This room is encrypted, so the care platform says nothing here any more. That cannot be undone: please go on in ' +
      'another conversation of the care team.',
    'room-open-to-others':
      'Others than the members can come into this room, read it or find it in the public directory. The care platform says ' +
      'nothing here until only those who are invited can. Please change that in the settings of the room.',
    stranger:
      'The care platform does not know who this is, and its record does not show that they read along. If they belong here, ' +
      'ask the care team to add their Matrix address to their entry.',
    'stranger-to-leave':
      'The care platform does not know who this is, so they will be removed from this room. If they belong here, ask the care ' +
      'team soon to add their Matrix address to their entry.',
  },
  messages: {
    'unsupported-content': (count) =>
      count === 1
        ? 'A message you sent is of a kind that cannot be recorded. The record says that something was lost: please write it as text.'
        : `${count} messages you sent are of kinds that cannot be recorded. The record says that something was lost: please write them as text.`,
    'encrypted-message': (count) =>
      count === 1
        ? 'A message you sent is encrypted, so the care platform cannot read it. The record says that it is missing: please write it in a conversation without encryption.'
        : `${count} messages you sent are encrypted, so the care platform cannot read them. The record says that they are missing: please write them in a conversation without encryption.`,
    'empty-message': (count) =>
      count === 1
        ? 'A message you sent shows no text, so it is not recorded. Please write it again.'
        : `${count} messages you sent show no text, so they are not recorded. Please write them again.`,
    'call-not-carried': (count) =>
      count === 1
        ? 'People on the care platform cannot take your call. The record says that you tried to call; please write a message, or use another way if it is urgent.'
        : `${count} times you tried to call: people on the care platform cannot take calls. The record says so; please write a message, or use another way if it is urgent.`,
    'unsupported-event': (count) =>
      count === 1
        ? 'What you changed (a reaction, a removal or a setting) stays in this room: it does not reach the record.'
        : `${count} changes you made (reactions, removals or settings) stay in this room: they do not reach the record.`,
    'file-too-large': (count) =>
      count === 1
        ? 'A file you sent is too large to be recorded. The record says that it is missing: please send a smaller one.'
        : `${count} files you sent are too large to be recorded. The record says that they are missing: please send smaller ones.`,
    'file-not-allowed': (count) =>
      count === 1
        ? 'A file you sent is of a type that is not allowed here. It was removed, and the record says so. Please send it as a document (PDF) or a picture.'
        : `${count} files you sent are of types that are not allowed here. They were removed, and the record says so. Please send them as documents (PDF) or pictures.`,
    'file-infected': (count) =>
      count === 1
        ? 'Malware was found in a file you sent. It was removed, and the record says so. Please have your device checked.'
        : `${count} files you sent hold malware. They were removed, and the record says so. Please have your device checked.`,
    'file-not-scanned': (count) =>
      count === 1
        ? 'A file you sent could not be checked for malware, so it is not recorded. Please send it again later.'
        : `${count} files you sent could not be checked for malware, so they are not recorded. Please send them again later.`,
    'file-missing': (count) =>
      count === 1
        ? 'A file you sent could not be fetched, so it is not recorded. Please send it again.'
        : `${count} files you sent could not be fetched, so they are not recorded. Please send them again.`,
    'too-large': (count) =>
      count === 1
        ? 'A message you sent is too large to be recorded. Please send it again in smaller parts.'
        : `${count} messages you sent are too large to be recorded. Please send them again in smaller parts.`,
    'not-filed': (count) =>
      count === 1
        ? `A message you sent could not be recorded. ${OPERATOR_TOLD}; please use another way if it is urgent.`
        : `${count} messages you sent could not be recorded. ${OPERATOR_TOLD}; please use another way if they are urgent.`,
    'change-not-filed': (count) =>
      count === 1
        ? `What you changed in this room could not be carried to the care platform. ${OPERATOR_TOLD}.`
        : `${count} changes you made in this room could not be carried to the care platform. ${OPERATOR_TOLD}.`,
    'may-not-invite': (count) =>
      count === 1
        ? 'The person you invited was not let in: you may invite only into conversations that you started yourself. Please ask a professional of the care team.'
        : `${count} people you invited were not let in: you may invite only into conversations that you started yourself. Please ask a professional of the care team.`,
  },
  invitation: 'You are invited to take part in care communication',
  delayed: 'This message has not been recorded yet. It is tried again until it is.',
  changedInRecord: 'Changed in the record',
  attachmentsNotShown: (count) => `[${count} ${count === 1 ? 'attachment' : 'attachments'} not shown here]`,
  fileMissing: (name, reason) =>
    `[A file is missing here${name === undefined ? '' : `, ${name}`}: ${FILE_REFUSED[reason]}]`,
  textGoesOn: '[The text goes on, and is too long for this room. The care platform has all of it.]',
  records: {
    pollQuestion: (question) => `[Poll] ${question}`,
    pollAnswer: (answers) =>
      answers.length === 0
        ? '[Took back the answer to the poll]'
        : `[Answer to the poll] ${answers.join('; ')}`,
    unknownAnswer: 'an answer that is not recorded',
    pollEnd: (result) => (result === undefined ? '[End of the poll]' : `[End of the poll] ${result}`),
    sticker: (description) => `[Sticker] ${description}`,
    call: '[Tried to call]',
    encrypted: '[An encrypted message, which cannot be read here]',
    unsupportedMessage: (type) =>
      `[A Matrix message of a kind that cannot be recorded here${type === undefined ? '' : `: ${type}`}]`,
  },
  rooms: {
    spaceName: 'Care team {number} · {professionals}',
    conversationName: 'Conversation {number} · team {team} · {date} {time}',
    conversationFallback: 'Conversation {number} · {date} {time}',
  },
};
