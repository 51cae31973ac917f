<?php
// Signs one event and sends it, with retries. PHP ≥ 8.0, no extension needed.
declare(strict_types=1);

$url = getenv('TICKETSTREAM_URL') ?: 'http://127.0.0.1:8080/webhooks';
$integration = getenv('TICKETSTREAM_INTEGRATION');
$secret = getenv('TICKETSTREAM_SECRET');
const PAUSES = [5, 30, 300, 300]; // seconds between five attempts
const TIMEOUT = 5;

function uuid(): string
{
    $bytes = random_bytes(16);
    $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
    $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
}

function signed(string $eventType, array $payload, string $integration, string $secret): array
{
    [$eventId, $timestamp] = [uuid(), gmdate('Y-m-d\TH:i:s\Z')];
    return [
        'event_id' => $eventId, 'event_type' => $eventType, 'timestamp' => $timestamp,
        'signature' => hash_hmac('sha256', $eventId . $eventType . $timestamp, $secret), 'version' => '1.2',
        'source' => ['platform' => 'my-crm', 'integration_id' => $integration, 'environment' => 'production'],
        'payload' => $payload,
    ];
}

/** @return array{int, string, int} status (0 without an answer), body, seconds of Retry-After */
function post(string $url, string $eventId, string $body, string $secret): array
{
    $sentAt = time();
    $signature = base64_encode(hash_hmac('sha256', "$eventId.$sentAt.$body", $secret, true)); // covers the body too
    $headers = ['Content-Type: application/json', "Webhook-Id: $eventId", "Webhook-Timestamp: $sentAt", "Webhook-Signature: v1,$signature"];
    $options = ['method' => 'POST', 'header' => $headers, 'content' => $body, 'timeout' => TIMEOUT, 'ignore_errors' => true];
    $text = @file_get_contents($url, false, stream_context_create(['http' => $options]));
    $answer = $http_response_header ?? [];
    if ($text === false || $answer === []) {
        return [0, 'no connection, or no answer in time', 0];
    }
    $asked = preg_grep('/^retry-after:/i', $answer);
    return [(int) explode(' ', $answer[0])[1], $text, $asked ? (int) trim(explode(':', reset($asked))[1]) : 0];
}

function send(string $url, array $event, string $secret): string
{
    $body = json_encode($event, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);
    foreach ([...PAUSES, null] as $pause) {
        [$status, $text, $asked] = post($url, $event['event_id'], $body, $secret);
        if ($status === 200) {
            return $text;
        }
        if ($status !== 0 && $status < 500 && $status !== 408 && $status !== 429) {
            break; // it would be refused again
        }
        if ($pause !== null) {
            sleep(max($pause, $asked));
        }
    }
    fwrite(STDERR, "not sent: $status $text\n");
    exit(1);
}

echo send($url, signed('ticket.created', [
    'ticket_id' => 'TKT-8F3A21C0',
    'created_at' => '2026-03-02T09:00:00.000Z',
    'customer' => ['telegram_user_id' => 4503599627370495, 'first_name' => 'Mira'],
    'channel' => ['type' => 'direct_message', 'chat_id' => 77],
    'initial_message' => ['message_id' => '1', 'text' => 'Паке́т не пришёл 📦', 'content_type' => 'text'],
], $integration, $secret), $secret), "\n";
