-- A ticket came in the range, and is one of those chosen; its queue is the first one that it was ever in.
integration_id = {integration:String}
    AND created_at >= {from:DateTime64(3, 'UTC')} AND created_at < {to:DateTime64(3, 'UTC')}
    AND (empty({queues:Array(String)}) OR has({queues:Array(String)}, first_queue_id))
    AND {channel_and_language}
