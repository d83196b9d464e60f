/*
 * module.c - How does faiss_fdw join milvus_fdw?
 *
 * The one file of the module that knows PostgreSQL.  milvus_fdw.so loads it
 * when a server of faiss_fdw is first used.
 */
#include "postgres.h"

#include "fmgr.h"

#include "faiss.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	const MfRegistryDoor *door;

	/* loaded by itself, milvus_fdw.so may not be there yet */
	(void) load_external_function("$libdir/milvus_fdw", "milvus_fdw_handler", true, NULL);
	door = *find_rendezvous_variable(MF_REGISTRY_RENDEZVOUS);
	if (door == NULL || door->abi != MF_CONNECTOR_ABI || !door->add(&mf_faiss_connector))
		elog(ERROR, "milvus_fdw did not accept faiss_fdw: they are of different versions");
}
