/*
 * registry.c - Which remotes are there?
 *
 * One line each for ours; modules built apart add theirs through the
 * rendezvous door that connector.h describes.
 */
#include "milvus_fdw.h"

#include <unistd.h>

#include "fmgr.h"
#include "miscadmin.h"

#include "elasticsearch/elasticsearch.h"
#include "milvus1/milvus1.h"
#include "milvus2/milvus2.h"
#include "src/bulk/store/store.h"

#define MAX_CONNECTORS 32

static const MfConnector *connectors[MAX_CONNECTORS] = {
	&mf_milvus2_connector,
	&mf_elasticsearch_connector,
	&mf_milvus1_connector,
	&mf_object_store_connector,
};

/* Those that live in modules of their own, which need not be installed. */
static const struct
{
	const char *name;
	const char *module;
}			modules[] = {
	{"faiss_fdw", "milvus_fdw_faiss"},
	{"hdf5_fdw", "milvus_fdw_hdf5"},
};

static const MfConnector *
find_connector(const char *name)
{
	for (int i = 0; i < MAX_CONNECTORS && connectors[i] != NULL; i++)
	{
		if (strcmp(connectors[i]->name, name) == 0)
			return connectors[i];
	}
	return NULL;
}

/* A module that is loaded adds its connector through the door. */
static void
load_module(const char *name)
{
	for (int i = 0; i < (int) lengthof(modules); i++)
	{
		char		path[MAXPGPATH];

		if (strcmp(modules[i].name, name) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", pkglib_path, modules[i].module, DLSUFFIX);
		if (access(path, F_OK) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FILE),
					 errmsg("%s is not installed", name),
					 errdetail("There is no module \"%s\".", path),
					 errhint("Install the part of milvus_fdw that holds %s.", modules[i].module)));
		snprintf(path, sizeof(path), "$libdir/%s", modules[i].module);
		load_file(path, false);
	}
}

const MfConnector *
mf_connector_by_name(const char *name)
{
	const MfConnector *connector = find_connector(name);

	if (connector == NULL)
	{
		load_module(name);
		connector = find_connector(name);
	}
	return connector;
}

/* A table of an older header is shorter; its missing members are not looked at. */
static bool
registry_add(const MfConnector *connector)
{
	if (connector->abi != MF_CONNECTOR_ABI || connector->size > sizeof(MfConnector) ||
		find_connector(connector->name) != NULL)
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
