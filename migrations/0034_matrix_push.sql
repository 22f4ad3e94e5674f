-- Whether what the homeserver pushes may be taken as it comes, or waits until /sync has proven the order. One row, from the first push on.
create table matrix_push (
  is_only_row boolean primary key default true check (is_only_row),
  -- Of the last transaction that was taken in, and when that was.
  last_txn_id bigint,
  received_at timestamptz not null default now(),
  -- How often there was reason to doubt, and up to which doubt the order is proven.
  doubts bigint not null default 1,
  proven_up_to bigint not null default 0
);

create index matrix_arrival_room_id on matrix_arrival (room_id);
