// What the bridge says to people, in Dutch.
import type { FileRefusal } from '../../domain/files.ts';
import type { Texts } from './texts.ts';

const OPERATOR_TOLD = 'De beheerder heeft bericht gekregen';

const FILE_REFUSED: Readonly<Record<FileRefusal, string>> = {
  'too-large': 'het is te groot',
  'type-not-allowed': 'bestanden van dit type zijn niet toegestaan',
  infected: 'er is schadelijke software in gevonden',
  'not-scanned': 'het kon niet op schadelijke software worden gecontroleerd',
  'address-not-allowed': 'het adres is niet toegestaan',
  unreachable: 'het kon niet worden opgehaald',
  gone: 'het is er niet meer',
  encrypted: 'het is versleuteld',
};

/** The texts. */
export const nl: Texts = {
  states: {
    'unmapped-sender':
      'Uw berichten worden vastgelegd onder uw Matrix-adres, omdat het zorgplatform niet weet wie u bent. ' +
      'Vraag het zorgteam om uw Matrix-adres aan uw gegevens toe te voegen.',
    'sender-held':
      'Uw berichten wachten, omdat het zorgplatform niet weet wie u bent. Ze worden vastgelegd zodra het zorgteam uw ' +
      'Matrix-adres aan uw gegevens heeft toegevoegd.',
    'needs-power':
      'Deze kamer is nog geen gesprek van het zorgteam: wat hier wordt gezegd, wordt niet vastgelegd. Geef dit account ' +
      'alstublieft het niveau van een beheerder (100), zodat het de kamer op orde kan houden. Dan wordt het een gesprek.',
    'upgrade-not-followed':
      'Het zorgteam blijft in deze kamer, omdat u het volgens het zorgplatform niet naar een andere kamer mag verplaatsen. ' +
      'Wat hier wordt gezegd, wordt vastgelegd zoals eerst. Vraag een leider van het team om de kamer te vervangen.',
    'room-replaced':
      'Dit gesprek gaat verder in de kamer die deze heeft vervangen. Wat hier wordt gezegd, wordt niet meer vastgelegd.',
    'room-encrypted':
      'Deze kamer is versleuteld, daarom zegt het zorgplatform hier niets meer. Dat kan niet ongedaan worden gemaakt: ga ' +
      'alstublieft verder in een ander gesprek van het zorgteam.',
    'room-open-to-others':
      'Ook anderen dan de leden kunnen in deze kamer komen, haar lezen of haar in de openbare lijst vinden. Het zorgplatform ' +
      'zegt hier niets totdat alleen genodigden dat kunnen. Wijzig dat alstublieft in de instellingen van de kamer.',
    stranger:
      'Het zorgplatform weet niet wie dit is, en in het dossier staat niet dat deze persoon meeleest. Vraag het zorgteam om ' +
      'het Matrix-adres aan de gegevens van deze persoon toe te voegen als die hier hoort.',
    'stranger-to-leave':
      'Het zorgplatform weet niet wie dit is. Daarom wordt deze persoon uit deze kamer verwijderd. Vraag het zorgteam snel om ' +
      'het Matrix-adres aan de gegevens van deze persoon toe te voegen als die hier hoort.',
  },
  messages: {
    'unsupported-content': (count) =>
      count === 1
        ? 'Een bericht van u is van een soort die niet kan worden vastgelegd. In het dossier staat dat er iets verloren ging: schrijf het alstublieft als tekst.'
        : `${count} berichten van u zijn van een soort die niet kan worden vastgelegd. In het dossier staat dat er iets verloren ging: schrijf ze alstublieft als tekst.`,
    'encrypted-message': (count) =>
      count === 1
        ? 'Een bericht van u is versleuteld, zodat het zorgplatform het niet kan lezen. In het dossier staat dat het ontbreekt: schrijf het alstublieft in een gesprek zonder versleuteling.'
        : `${count} berichten van u zijn versleuteld, zodat het zorgplatform ze niet kan lezen. In het dossier staat dat ze ontbreken: schrijf ze alstublieft in een gesprek zonder versleuteling.`,
    'empty-message': (count) =>
      count === 1
        ? 'Een bericht van u toont geen tekst en is daarom niet vastgelegd. Schrijf het alstublieft opnieuw.'
        : `${count} berichten van u tonen geen tekst en zijn daarom niet vastgelegd. Schrijf ze alstublieft opnieuw.`,
    'call-not-carried': (count) =>
      count === 1
        ? 'Mensen op het zorgplatform kunnen uw oproep niet aannemen. In het dossier staat dat u wilde bellen; schrijf een bericht, of gebruik een andere weg als het dringend is.'
        : `${count} keer wilde u bellen: mensen op het zorgplatform kunnen geen oproepen aannemen. In het dossier staat dat; schrijf een bericht, of gebruik een andere weg als het dringend is.`,
    'unsupported-event': (count) =>
      count === 1
        ? 'Wat u hebt gewijzigd (een reactie, een verwijdering of een instelling) blijft in deze kamer: het komt niet in het dossier.'
        : `${count} wijzigingen van u (reacties, verwijderingen of instellingen) blijven in deze kamer: ze komen niet in het dossier.`,
    'file-too-large': (count) =>
      count === 1
        ? 'Een bestand van u is te groot om te worden vastgelegd. In het dossier staat dat het ontbreekt: stuur alstublieft een kleiner bestand.'
        : `${count} bestanden van u zijn te groot om te worden vastgelegd. In het dossier staat dat ze ontbreken: stuur alstublieft kleinere bestanden.`,
    'file-not-allowed': (count) =>
      count === 1
        ? 'Een bestand van u is van een type dat hier niet is toegestaan. Het is verwijderd, en dat staat in het dossier. Stuur het alstublieft als document (PDF) of als afbeelding.'
        : `${count} bestanden van u zijn van een type dat hier niet is toegestaan. Ze zijn verwijderd, en dat staat in het dossier. Stuur ze alstublieft als document (PDF) of als afbeelding.`,
    'file-infected': (count) =>
      count === 1
        ? 'In een bestand van u is schadelijke software gevonden. Het is verwijderd, en dat staat in het dossier. Laat uw apparaat alstublieft nakijken.'
        : `${count} bestanden van u bevatten schadelijke software. Ze zijn verwijderd, en dat staat in het dossier. Laat uw apparaat alstublieft nakijken.`,
    'file-not-scanned': (count) =>
      count === 1
        ? 'Een bestand van u kon niet op schadelijke software worden gecontroleerd en is daarom niet vastgelegd. Stuur het alstublieft later opnieuw.'
        : `${count} bestanden van u konden niet op schadelijke software worden gecontroleerd en zijn daarom niet vastgelegd. Stuur ze alstublieft later opnieuw.`,
    'file-missing': (count) =>
      count === 1
        ? 'Een bestand van u kon niet worden opgehaald en is daarom niet vastgelegd. Stuur het alstublieft opnieuw.'
        : `${count} bestanden van u konden niet worden opgehaald en zijn daarom niet vastgelegd. Stuur ze alstublieft opnieuw.`,
    'too-large': (count) =>
      count === 1
        ? 'Een bericht van u is te groot om te worden vastgelegd. Stuur het alstublieft opnieuw in kleinere delen.'
        : `${count} berichten van u zijn te groot om te worden vastgelegd. Stuur ze alstublieft opnieuw in kleinere delen.`,
    'not-filed': (count) =>
      count === 1
        ? `Een bericht van u kon niet worden vastgelegd. ${OPERATOR_TOLD}; gebruik een andere weg als het dringend is.`
        : `${count} berichten van u konden niet worden vastgelegd. ${OPERATOR_TOLD}; gebruik een andere weg als ze dringend zijn.`,
    'change-not-filed': (count) =>
      count === 1
        ? `Wat u in deze kamer hebt gewijzigd, kon niet naar het zorgplatform worden overgebracht. ${OPERATOR_TOLD}.`
        : `${count} wijzigingen van u in deze kamer konden niet naar het zorgplatform worden overgebracht. ${OPERATOR_TOLD}.`,
    'may-not-invite': (count) =>
      count === 1
        ? 'De persoon die u uitnodigde, is niet toegelaten: u mag alleen uitnodigen in gesprekken die u zelf bent begonnen. Vraag het alstublieft aan een professional van het zorgteam.'
        : `${count} personen die u uitnodigde, zijn niet toegelaten: u mag alleen uitnodigen in gesprekken die u zelf bent begonnen. Vraag het alstublieft aan een professional van het zorgteam.`,
  },
  invitation: 'U bent uitgenodigd om deel te nemen aan zorgcommunicatie',
  delayed: 'Dit bericht is nog niet vastgelegd. Het wordt opnieuw geprobeerd totdat het lukt.',
  changedInRecord: 'Gewijzigd in het dossier',
  attachmentsNotShown: (count) =>
    count === 1 ? '[1 bijlage wordt hier niet getoond]' : `[${count} bijlagen worden hier niet getoond]`,
  fileMissing: (name, reason) =>
    `[Hier ontbreekt een bestand${name === undefined ? '' : `, ${name}`}: ${FILE_REFUSED[reason]}]`,
  textGoesOn: '[De tekst gaat verder en is te lang voor deze kamer. Het zorgplatform heeft de hele tekst.]',
  records: {
    pollQuestion: (question) => `[Peiling] ${question}`,
    pollAnswer: (answers) =>
      answers.length === 0
        ? '[Nam het antwoord op de peiling terug]'
        : `[Antwoord op de peiling] ${answers.join('; ')}`,
    unknownAnswer: 'een antwoord dat niet is vastgelegd',
    pollEnd: (result) =>
      result === undefined ? '[Einde van de peiling]' : `[Einde van de peiling] ${result}`,
    sticker: (description) => `[Plaatje] ${description}`,
    call: '[Probeerde te bellen]',
    encrypted: '[Een versleuteld bericht, dat hier niet kan worden gelezen]',
    unsupportedMessage: (type) =>
      `[Een Matrix-bericht van een soort die hier niet kan worden vastgelegd${type === undefined ? '' : `: ${type}`}]`,
  },
  rooms: {
    spaceName: 'Zorgteam {number} · {professionals}',
    conversationName: 'Gesprek {number} · team {team} · {date} {time}',
    conversationFallback: 'Gesprek {number} · {date} {time}',
  },
};
