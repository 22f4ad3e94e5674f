// The trigger by which a test makes Synapse wait, or fail, before it stores an event.

/** The events whose making can be held up or fail, and what there is then. */
export const STEPS = [
  ['m.room.create', 'alias without events'],
  ['m.room.member', 'create only'],
  ['m.room.power_levels', 'create and join only'],
] as const;
/** One of them. */
export type Step = (typeof STEPS)[number][0];

/** In Synapse's database: storing an event of a room and type in `held_up` waits for an advisory lock, or fails. */
export const HOLDING = `
  create table held_up (room_alias text, type text, fails boolean);
  grant select on held_up to public;
  create function hold_up() returns trigger language plpgsql as $$
    declare step held_up;
    begin
      select held_up.* into step from held_up join room_aliases using (room_alias)
        where room_id = new.room_id and type = new.type;
      if found then
        if step.fails then raise exception 'this step is to fail'; end if;
        perform pg_advisory_xact_lock_shared(1);
      end if;
      return new;
    end $$;
  create trigger hold_up before insert on events for each row execute function hold_up();
`;
