/*
 * registry.c - Which remotes are there?
 *
 * One line each for ours; modules built apart add theirs through the
 * rendezvous door that connector.h describes.
 */
#include "milvus_fdw.h"

#include "elasticsearch/elasticsearch.h"
#include "milvus1/milvus1.h"
#include "milvus2/milvus2.h"

#define MAX_CONNECTORS 32

static const MfConnector *connectors[MAX_CONNECTORS] = {
	&mf_milvus2_connector,
	&mf_elasticsearch_connector,
	&mf_milvus1_connector,
};

const MfConnector *
mf_connector_by_name(const char *name)
{
	for (int i = 0; i < MAX_CONNECTORS && connectors[i] != NULL; i++)
	{
		if (strcmp(connectors[i]->name, name) == 0)
			return connectors[i];
	}
	return NULL;
}

/* A table of an older header is shorter; its missing members are not looked at. */
static bool
registry_add(const MfConnector *connector)
{
	if (connector->abi != MF_CONNECTOR_ABI || connector->size > sizeof(MfConnector) ||
		mf_connector_by_name(connector->name) != NULL)
		return false;
	for (int i = 0; i < MAX_CONNECTORS; i++)
	{
		if (connectors[i] == NULL)
		{
			connectors[i] = connector;
			return true;
		}
	}
	return false;
}

static uintptr_t
door_handler(void *fcinfo)
{
	return mf_handler(fcinfo);
}

static uintptr_t
door_validator(void *fcinfo)
{
	return mf_validator(fcinfo);
}

void
mf_registry_init(void)
{
	static MfRegistryDoor door = {
		MF_CONNECTOR_ABI, sizeof(MfRegistryDoor), registry_add, door_handler, door_validator
	};
	void	  **variable = find_rendezvous_variable(MF_REGISTRY_RENDEZVOUS);

	*variable = &door;
}
