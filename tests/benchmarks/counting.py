"""Counts a request's statements and their time, told in headers of the answer."""

import time

from django.db import connection

QUIET = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET ")


def statements(get_response):
    """The middleware of the benchmark's settings: X-Statements and X-SQL-Milliseconds."""

    def middleware(request):
        seen = [0, 0.0]

        def watch(execute, sql, params, many, context):
            began = time.perf_counter()
            try:
                return execute(sql, params, many, context)
            finally:
                seen[1] += time.perf_counter() - began
                seen[0] += not str(sql).lstrip().upper().startswith(QUIET)

        with connection.execute_wrapper(watch):
            response = get_response(request)
        response["X-Statements"], response["X-SQL-Milliseconds"] = str(seen[0]), f"{seen[1] * 1000:.2f}"
        return response

    return middleware
