"""How workers and clock speak to the broker, where Celery's own way would keep work waiting after an outage."""

import kombu
from celery.app import amqp
from kombu.transport import redis

AGAIN_AFTER = 1  # seconds; the longer the outage, the longer Celery would wait on, up to half a minute


class QoS(redis.QoS):
    """What a worker has taken. What is done takes up no place, also when the broker could not be told of it.

    Else a broker that froze would take a place away with each task that ended meanwhile, until the worker is started
    anew; with the last place it takes no task any more. The broker hands such a task out once more, which is harmless.
    """

    def ack(self, delivery_tag):
        """Tell the broker that the task is done; its errors are raised."""
        try:
            super().ack(delivery_tag)
        finally:
            self._quick_ack(delivery_tag)

    def reject(self, delivery_tag, requeue=False):
        """Hand the task back; the broker's errors are raised."""
        try:
            super().reject(delivery_tag, requeue=requeue)
        finally:
            self._quick_ack(delivery_tag)


class Channel(redis.Channel):
    """A channel of which nothing else is different."""

    QoS = QoS


class Transport(redis.Transport):
    """A transport of which nothing else is different."""

    Channel = Channel


class Connection(kombu.Connection):
    """A connection that is back within a second of the broker."""

    def get_transport_cls(self):
        """Ours: every address of a broker is one of Redis."""
        return Transport

    def ensure_connection(self, errback=None, max_retries=None, **how):
        """Connect, asking every AGAIN_AFTER seconds; `errback(error, seconds)` is told of each failure."""
        evenly = {"interval_start": AGAIN_AFTER, "interval_step": 0, "interval_max": AGAIN_AFTER}
        return super().ensure_connection(errback, max_retries, **evenly | how)


class AMQP(amqp.AMQP):
    """What Celery makes its connections of."""

    Connection = Connection
