"""Where the leaders' logs end: behind that stand records that some copies lack, and that nobody is given yet.

A consumer is told the high watermark instead, up to which every copy in sync has the log. A reply that its leader has, and a slow
copy has not, lies beyond it: it has the broker's time already, and is seen later. The leader tells the end of its log to whoever
asks as a copy does.
"""

from collections import defaultdict
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import LeaderNotAvailableError, for_code
from aiokafka.protocol.offset import OffsetRequest

_A_COPY = 2**31 - 1
"""The number of no broker: whoever gives one is no consumer to Kafka, and is told the end (`ListOffsets`, `replica_id`)."""
_READ_UNCOMMITTED, _LATEST = 0, -1


async def log_ends(consumer: AIOKafkaConsumer, places: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """The end of each partition's log, by its leader's word now. Raises `KafkaError` where it cannot be told."""
    client = consumer._client
    asked: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for place in places:
        leader = client.cluster.leader_for_partition(place)
        if leader is None or leader < 0:
            client.add_topic(place.topic)
            client.force_metadata_update()
            raise LeaderNotAvailableError(place)
        asked[leader][place.topic].append((place.partition, _LATEST))
    found = {}
    for leader, topics in asked.items():
        answer = await client.send(leader, OffsetRequest(_A_COPY, _READ_UNCOMMITTED, list(topics.items())))
        for topic, partitions in answer.topics:
            for partition, code, _, end in partitions:
                if code:
                    client.force_metadata_update()
                    raise for_code(code)(topic, partition)
                found[TopicPartition(topic, partition)] = end
    return found
