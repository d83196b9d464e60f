/*
 * direct_modify.h - How did a DELETE by condition go?
 */
#ifndef MF_FDW_DIRECT_MODIFY_H
#define MF_FDW_DIRECT_MODIFY_H

#include "scan.h"

/* MfScanState.direct */
typedef struct MfDirect
{
	bool		done;
	bool		by_condition;	/* the remote did it all; else keys were read */
	int64		rows;			/* deleted */
} MfDirect;

#endif							/* MF_FDW_DIRECT_MODIFY_H */
