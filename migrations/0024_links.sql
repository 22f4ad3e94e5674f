-- compatible-with: 0019_read_state.sql
-- What waited goes before what came after it: whether a lane has such items is asked for each message.
create index item_waited on item (lane_id, position) where source = 'waited';
