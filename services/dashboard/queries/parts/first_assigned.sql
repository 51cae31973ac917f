-- A ticket was first assigned in the range, and any of the queues chosen ever held it.
integration_id = {integration:String}
    AND first_assigned_at >= {from:DateTime64(3, 'UTC')} AND first_assigned_at < {to:DateTime64(3, 'UTC')}
    AND (empty({queues:Array(String)}) OR hasAny({queues:Array(String)}, queue_ids))
