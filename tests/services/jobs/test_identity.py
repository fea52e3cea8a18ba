import redis

from services.jobs.identity import Identity


def test_a_name_is_made_once_and_kept(redis_client: redis.Redis) -> None:
    assert Identity(redis_client).known() is None
    name = Identity(redis_client).made()
    assert len(name) == 32
    assert Identity(redis_client).made() == Identity(redis_client).known() == name
    assert redis_client.ttl("moviola:identity") == -1


def test_a_redis_that_lost_its_data_has_another(redis_client: redis.Redis) -> None:
    before = Identity(redis_client).made()
    redis_client.flushall()
    assert Identity(redis_client).known() is None
    assert Identity(redis_client).made() != before
