"""Several requests at the same moment, each in a thread with a connection of its own."""

import threading

from django.db import connection, connections


def at_once(*jobs):
    """Run the jobs at the same moment and return their results in order; an exception is a result too."""
    barrier, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(position, job):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            results[position] = job()
        except Exception as error:  # noqa: BLE001 - the test decides what each result means
            results[position] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results
