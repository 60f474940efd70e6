"""Are the servers at the given addresses new enough? The launcher runs this before it starts the site."""

import os
import sys

import psycopg
import redis

OLDEST_POSTGRESQL = 15
OLDEST_REDIS = 7


def database_problem(address):
    """A sentence about a PostgreSQL that cannot be reached or is too old, or None."""
    try:
        with psycopg.connect(address, connect_timeout=5) as connection:
            version = connection.info.server_version // 10000
            encoding = connection.info.parameter_status("server_encoding")
    except psycopg.Error as error:
        return f"DATABASE_URL: PostgreSQL does not answer ({str(error).splitlines()[0]})."
    if version < OLDEST_POSTGRESQL:
        return f"DATABASE_URL: PostgreSQL {version} is too old, {OLDEST_POSTGRESQL} or newer is needed."
    if encoding not in ("UTF8", None):  # a pooler between may not tell
        made = "createdb --encoding=UTF8 --template=template0 kith"
        return f"DATABASE_URL: the database is kept in {encoding}, UTF8 is needed; for example made by {made}"
    return None


def is_new(address):
    """Whether the database holds no table of ours yet."""
    with psycopg.connect(address, connect_timeout=5) as connection:
        return connection.execute("SELECT to_regclass('django_migrations') IS NULL").fetchone()[0]


def broker_problem(address):
    """A sentence about a Redis or Valkey that cannot be reached or is too old, or None."""
    try:
        with redis.Redis.from_url(address, socket_timeout=5, socket_connect_timeout=5) as server:
            found = server.info("server")
    except (redis.RedisError, ValueError) as error:
        return f"REDIS_URL: the broker does not answer ({error})."
    version = found.get("valkey_version") or found["redis_version"]
    if int(str(version).split(".")[0]) < OLDEST_REDIS:
        return f"REDIS_URL: Redis {version} is too old, {OLDEST_REDIS} or newer is needed."
    return None


def main():
    """Name all problems; exit code 2 when there is one. With `--is-new`: 0 for a database without a table, else 1."""
    if "--is-new" in sys.argv:
        return 0 if is_new(os.environ["DATABASE_URL"]) else 1
    found = [database_problem(os.environ["DATABASE_URL"]), broker_problem(os.environ["REDIS_URL"])]
    problems = [problem for problem in found if problem]
    sys.stderr.write("\n".join(problems))
    return 2 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
