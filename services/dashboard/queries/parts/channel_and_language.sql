-- A ticket's channel and language are among those chosen.
(empty({channels:Array(String)}) OR has({channels:Array(String)}, toString(channel_type)))
AND (empty({languages:Array(String)}) OR has({languages:Array(String)}, toString(customer_language_code)))
