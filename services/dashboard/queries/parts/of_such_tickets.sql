-- The same of whatever belongs to a ticket. Tickets are looked through only when one of the two is chosen.
(empty({channels:Array(String)}) AND empty({languages:Array(String)}) OR ticket_id IN (
    SELECT ticket_id FROM queue.tickets
    WHERE integration_id = {integration:String}
        AND {channel_and_language}))
