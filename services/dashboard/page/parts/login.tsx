// The way in, where there is a login: as a user of ClickHouse.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { post, Refused } from '../api.ts';
import { t } from '../texts/text.ts';

export function Login(): JSX.Element {
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    post('/api/login', { user: form.get('user'), password: form.get('password') }).then(
      () => location.reload(),
      (error: unknown) => setProblem(error instanceof Refused && error.status === 401 ? t('login_failed') : t('unavailable')));
  };
  return (
    <main class="login">
      <form onSubmit={submit}>
        <h1>{t('login')}</h1>
        <p class="note">{t('login_why')}</p>
        <label><span>{t('user')}</span><input name="user" autocomplete="username" required autofocus /></label>
        <label><span>{t('password')}</span><input name="password" type="password" autocomplete="current-password" required /></label>
        {problem !== null && <p class="note flag" role="alert">{problem}</p>}
        <button type="submit" class="primary">{t('login')}</button>
      </form>
    </main>
  );
}
