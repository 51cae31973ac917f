// What the people of the simulated desk are called and what they write, by language. Chosen to
// hurt: right-to-left text with Latin words and digits inside, emoji joined from several code
// points, combining accents, quotes and markup that must arrive as they were sent.

export interface Tongue {
  readonly firstNames: readonly string[];
  readonly lastNames: readonly string[];
  readonly questions: readonly string[];
  readonly followUps: readonly string[];
  readonly replies: readonly string[];
  readonly thanks: readonly string[];
  readonly greeting: string;
}

const english: Tongue = {
  firstNames: ['Olivia', 'Noah', 'Priya', "D'Arcy", 'Zoë', 'Sam'],
  lastNames: ['Baker', "O'Neill", 'Shah', 'Smith-Jones', 'Okafor'],
  questions: [
    'Hi, my order still says "in transit" 📦 – it has been 9 days',
    'I was charged twice for the same thing, see the screenshot',
    "The app closes as soon as I tap <Pay>. It's the 3rd time!",
    'How do I change the e-mail of my account?\n\nThe old one is name@example.org',
    'Robert\'); DROP TABLE tickets;-- is my real name and your form refuses it 🤷🏽‍♀️',
  ],
  followUps: ['Any news?', 'ok', '👍🏽', 'It still does not work, same error: C:\\temp\\log.txt not found', 'Sure, here you go'],
  replies: [
    'Thank you for writing. May I have your order number?',
    'I have passed this to our warehouse and will come back to you today.',
    'Done ✅ Please try again and tell me if it works.',
    'The refund is on its way: 3–5 working days.',
  ],
  thanks: ['Thanks!', 'Perfect, thank you 🙏', 'works now 🎉'],
  greeting: 'Hello! We have your message and will answer soon.',
};

const german: Tongue = {
  firstNames: ['Mira', 'Jürgen', 'Anneliese', 'Björn', 'Lea'],
  lastNames: ['Krüger', 'Weiß', 'Groß-Heim', 'Özdemir', 'Vogel'],
  questions: [
    'Guten Tag, mein Paket wurde laut Sendungsverfolgung zugestellt, ist aber nicht da.',
    'Wie kann ich die Schuhe in Größe 42 zurückschicken?',
    'Die Rechnung stimmt nicht: 49,90 € statt 39,90 €',
    'Ich möchte kündigen. Straße und Hausnummer haben sich übrigens geändert.',
  ],
  followUps: ['Gibt es schon etwas Neues?', 'Anbei das Foto 📷', 'Ja', 'Nein, leider immer noch derselbe Fehler 😕'],
  replies: [
    'Vielen Dank für Ihre Nachricht, ich prüfe das gleich.',
    'Das Rücksendeetikett habe ich Ihnen angehängt.',
    'Der Zusteller meldet sich bis morgen 12 Uhr, dann weiß ich mehr.',
    'Erledigt! Kann ich sonst noch etwas für Sie tun?',
  ],
  thanks: ['Danke!', 'Super, vielen Dank 😊', 'Klasse, hat geklappt'],
  greeting: 'Danke für Ihre Nachricht! Wir melden uns in Kürze.',
};

const arabic: Tongue = {
  firstNames: ['ليلى', 'محمد', 'نور', 'خالد'],
  lastNames: ['الهاشمي', 'منصور', 'حدّاد'],
  questions: [
    'مرحبًا، البطاقة رقم 4417 لا تعمل في المتجر منذ أمس',
    'تم رفض التحويل مرتين، ما السبب؟ الرمز هو ERR-503',
    'كيف أغيّر رقم الهاتف المسجّل؟ 📱',
    'لم تصلني رسالة التأكيد (OTP) على \u200f+971 50 123 4567\u200f',
  ],
  followUps: ['هل من جديد؟', 'نعم، هذا صحيح', 'لم أستلم شيئًا بعد 😔', 'أرفقت الصورة'],
  replies: ['شكرًا لتواصلك معنا، سأتحقق حالًا.', 'تم حل المشكلة، يرجى المحاولة مرة أخرى.', 'أحتاج إلى صورة من الهوية لو سمحت.'],
  thanks: ['شكرًا جزيلًا 🌹', 'تمام، شكرًا'],
  greeting: 'أهلًا بك! استلمنا رسالتك وسنرد عليك قريبًا.',
};

const russian: Tongue = {
  firstNames: ['Анна', 'Фёдор', 'Юлия', 'Иван'],
  lastNames: ['Смирнова', 'Щербаков', 'Попова', 'Ёлкин'],
  questions: [
    'Здравствуйте! Пакéт не пришёл 📦',
    'После обновления игра не запускается, ошибка 0x80070005',
    'Купил 500 кристаллов, а пришло 50 😡',
    'Как восстановить аккаунт? Почты больше нет.',
  ],
  followUps: ['Ну что там?', 'Скриншот ниже', 'Нет, не помогло', '++'],
  replies: ['Здравствуйте! Уже смотрю.', 'Пришлите, пожалуйста, номер заказа.', 'Всё вернули, проверьте баланс.'],
  thanks: ['Спасибо!', 'Супер, всё работает 🔥'],
  greeting: 'Здравствуйте! Мы получили ваше сообщение.',
};

const japanese: Tongue = {
  firstNames: ['さくら', '健太', '美咲'],
  lastNames: ['佐藤', '髙橋', '渡邉'],
  questions: ['ガチャの石が消えました。𠮷野家コラボの分です。', 'ログインできません😭', '領収書を発行していただけますか？'],
  followUps: ['まだですか？', 'お願いします🙇‍♂️', 'はい'],
  replies: ['お問い合わせありがとうございます。確認いたします。', '補填いたしました。ご確認ください。'],
  thanks: ['ありがとうございます！', '助かりました✨'],
  greeting: 'お問い合わせを受け付けました。',
};

const turkish: Tongue = {
  firstNames: ['Ayşe', 'İbrahim', 'Gül', 'Çağrı'],
  lastNames: ['Yılmaz', 'Şahin', 'Işık'],
  questions: ['Merhaba, kargom hâlâ gelmedi', 'İade nasıl yapabilirim?', 'IBAN değişikliği için ne göndermem gerekiyor?'],
  followUps: ['Bir gelişme var mı?', 'Tamam 👌', 'Ekte fotoğrafı var'],
  replies: ['Merhaba, hemen kontrol ediyorum.', 'İadeniz onaylandı, 3 gün içinde hesabınızda.'],
  thanks: ['Teşekkürler!', 'Çok sağ olun 🙏🏻'],
  greeting: 'Mesajınızı aldık, kısa sürede dönüş yapacağız.',
};

const portuguese: Tongue = {
  firstNames: ['João', 'Inês', 'Conceição', 'Thiago'],
  lastNames: ['Gonçalves', 'Araújo', 'Simões'],
  questions: ['Não consigo entrar na minha conta 😩', 'Comprei o passe e não apareceu', 'Como faço para cancelar a assinatura?'],
  followUps: ['E aí?', 'Segue o print', 'Continua igual…'],
  replies: ['Olá! Já estou verificando.', 'Pronto, o passe está na sua conta 🎮'],
  thanks: ['Obrigado!', 'Valeu demais 👏'],
  greeting: 'Olá! Recebemos a sua mensagem.',
};

export const tongues = {
  en: english, de: german, ar: arabic, ru: russian, ja: japanese, tr: turkish, pt: portuguese,
} as const satisfies Record<string, Tongue>;

export type Language = keyof typeof tongues;

export const internalNotes: readonly string[] = [
  'Checked with the warehouse: parcel is at the depot, out tomorrow',
  'Customer has written three times this week, please be kind',
  'Known issue, waiting for the 4.2 release',
  '@lead can you approve the goodwill credit?',
  'Refund booked, ref. 88-1234',
];
